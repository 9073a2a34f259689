//! What a run gives back.

use crate::fixed::{ProbabilityScale, exp2_mantissa};
use heapless::Vec;

/// Logits and embedding of one image, in the arena.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    pub(crate) logits: &'a [i32],
    pub(crate) embedding: &'a [i8],
    pub(crate) probability: ProbabilityScale,
}

/// One class of [`Output::top_k`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Index of the class.
    pub class: usize,
    /// Its logit.
    pub logit: i32,
    /// Its probability times `2^16`, at most 65,535.
    pub probability: u16,
}

impl<'a> Output<'a> {
    /// One exact accumulator for each class, all at one scale.
    pub const fn logits(&self) -> &'a [i32] {
        self.logits
    }

    /// The i8 vector that stands for the image: the pooled tokens under a mean pool, otherwise
    /// what the last layer of the head reads. Zero point 0 under a mean pool.
    pub const fn embedding(&self) -> &'a [i8] {
        self.embedding
    }

    /// The class with the largest logit, the first of equals.
    pub fn class(&self) -> usize {
        let mut best = (0, i32::MIN);
        for (class, &logit) in self.logits.iter().enumerate() {
            if logit > best.1 {
                best = (class, logit);
            }
        }
        best.0
    }

    /// Probability of each class times `2^16`, at most 65,535.
    pub fn probabilities(&self) -> impl Iterator<Item = u16> + 'a {
        let softmax = Softmax::new(self);
        self.logits
            .iter()
            .map(move |&logit| softmax.probability(logit))
    }

    /// The `K` classes with the largest logits, largest first, the first of equals first; all
    /// classes if there are fewer.
    pub fn top_k<const K: usize>(&self) -> Vec<Ranked, K> {
        let softmax = Softmax::new(self);
        let mut ranked: Vec<Ranked, K> = Vec::new();
        for (class, &logit) in self.logits.iter().enumerate() {
            let place = ranked
                .iter()
                .take_while(|other| other.logit >= logit)
                .count();
            if place >= K {
                continue;
            }
            if ranked.is_full() {
                ranked.pop();
            }
            let probability = softmax.probability(logit);
            // Cannot fail: there is room, and the place is at most the length.
            let _ = ranked.insert(
                place,
                Ranked {
                    class,
                    logit,
                    probability,
                },
            );
        }
        ranked
    }
}

/// Integer softmax over the logits of one output.
#[derive(Clone, Copy)]
struct Softmax {
    highest: i32,
    sum: u32,
    scale: ProbabilityScale,
}

impl Softmax {
    fn new(output: &Output<'_>) -> Self {
        let highest = output.logits.iter().copied().max().unwrap_or(0);
        let mut softmax = Self {
            highest,
            sum: 1,
            scale: output.probability,
        };
        softmax.sum = output
            .logits
            .iter()
            .map(|&logit| softmax.weight(logit))
            .sum::<u32>()
            .max(1);
        softmax
    }

    /// At most 32,640, at the largest logit.
    fn weight(&self, logit: i32) -> u32 {
        let octaves = self.scale.apply(self.highest.abs_diff(logit));
        exp2_mantissa(octaves).cast_unsigned() >> (octaves >> 11)
    }

    fn probability(&self, logit: i32) -> u16 {
        let share = ((self.weight(logit) << 16) + self.sum / 2) / self.sum;
        u16::try_from(share).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(logits: &[i32]) -> Output<'_> {
        // One octave for 2^11 logit steps.
        let probability = ProbabilityScale::new(1 << 30, 30).unwrap();
        Output {
            logits,
            embedding: &[],
            probability,
        }
    }

    #[test]
    fn probabilities_follow_softmax() {
        let logits = [0, 2048, -4096, 2048, i32::MIN];
        let found: Vec<u16, 5> = output(&logits).probabilities().collect();
        let weights = [1.0, 2.0, 0.25, 2.0, 0.0];
        for (found, weight) in found.iter().zip(weights) {
            let real = weight / 5.25 * 65_536.0;
            assert!(
                (f64::from(*found) - real).abs() < 12.0,
                "{found} against {real}"
            );
        }
    }

    #[test]
    fn top_k_is_sorted_and_stable() {
        let logits = [5, -1, 9, 9, i32::MAX];
        let classes =
            |ranked: &[Ranked]| ranked.iter().map(|r| r.class).collect::<std::vec::Vec<_>>();
        assert_eq!(
            classes(&output(&logits).top_k::<3>()),
            [4, 2, 3],
            "the first three"
        );
        assert_eq!(
            classes(&output(&logits).top_k::<9>()),
            [4, 2, 3, 0, 1],
            "all five"
        );
        assert_eq!(output(&logits).class(), 4, "the best");
    }

    #[test]
    fn a_certain_class_saturates() {
        let top = output(&[0, 1 << 30]).top_k::<1>();
        assert_eq!(top[0].probability, u16::MAX, "all of it");
    }
}
