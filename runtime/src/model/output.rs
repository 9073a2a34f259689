//! The result of a run.

use crate::arithmetic::{Arithmetic, Int8};
use crate::error::EvidenceError;
use crate::explain;
use crate::forward::Answer;
use crate::ranks::rank;
use heapless::Vec;
use num_traits::Zero;

/// Logits and embedding of one image, in the arena.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a, A: Arithmetic = Int8> {
    pub(super) answer: Answer<'a, A>,
}

#[cfg(feature = "defmt")]
impl<A: Arithmetic> defmt::Format for Output<'_, A> {
    /// The class and the number of classes.
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "class {} of {}", self.class(), self.logits().len());
    }
}

/// One class of [`Output::top_k`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ranked<T = i32> {
    /// Index of the class.
    pub class: usize,
    /// Its logit.
    pub logit: T,
    /// Its probability times `2^16`, at most 65,535.
    pub probability: u16,
}

impl<'a, A: Arithmetic> Output<'a, A> {
    pub(super) const fn new(answer: Answer<'a, A>) -> Self {
        Self { answer }
    }

    /// One value for each class; for int8 exact accumulators at one scale.
    pub const fn logits(&self) -> &'a [A::Acc] {
        self.answer.logits
    }

    /// A vector that describes the image. Under a mean pool it is the pooled tokens, `[dim]`, which int8
    /// stores with zero point 0. Under a flatten pool it is the input of the last layer of the head.
    pub const fn embedding(&self) -> &'a [A::Act] {
        self.answer.embedding
    }

    /// The class with the largest logit. Of equal logits the first one counts.
    pub fn class(&self) -> usize {
        let mut best: Option<(usize, A::Acc)> = None;
        for (class, &logit) in self.answer.logits.iter().enumerate() {
            if best.is_none_or(|(_, highest)| logit > highest) {
                best = Some((class, logit));
            }
        }
        best.map_or(0, |(class, _)| class)
    }

    /// Probability of each class times `2^16`, at most 65,535.
    pub fn probabilities(&self) -> impl Iterator<Item = u16> + 'a {
        let softmax = Softmax::<A>::new(self);
        self.answer.logits.iter().map(move |&logit| softmax.probability(logit))
    }

    /// The `K` classes with the largest logits, the largest first. Classes with equal logits keep their
    /// order. If there are fewer than `K` classes, the list has all of them.
    pub fn top_k<const K: usize>(&self) -> Vec<Ranked<A::Acc>, K> {
        let softmax = Softmax::<A>::new(self);
        let mut ranked: Vec<Ranked<A::Acc>, K> = Vec::new();
        for (class, &logit) in self.answer.logits.iter().enumerate() {
            let probability = softmax.probability(logit);
            rank(&mut ranked, Ranked { class, logit, probability }, |other| other.logit >= logit);
        }
        ranked
    }
}

impl Output<'_> {
    /// Writes the part of each token in the logit of a class, a map of the evidence in the image.
    ///
    /// ```text
    /// evidence[t] = Σ_d w[class, d] · (x[t, d] − zero_point)       i32, in units of the logit
    /// logit[class] = bias[class] + Σ_t evidence[t]                 exactly
    /// ```
    ///
    /// `x` is the output of the last normalisation. `out` has one value for each token, in the order of
    /// [`VitConfig::token_grid`](crate::config::VitConfig::token_grid), row by row. A positive value is
    /// evidence for the class, a negative one is evidence against it. No value is beyond `±2^25`.
    ///
    /// Attention has mixed the tokens before. The map is exact for the logit; it does not prove what the
    /// pixels of a token alone would do.
    ///
    /// # Errors
    /// [`EvidenceError`] if the network does not sum its tokens into the class head, if there is no such
    /// class, or if `out` has another length; `out` is then unchanged.
    pub fn evidence(&self, class: usize, out: &mut [i32]) -> Result<(), EvidenceError> {
        self.map(self.class_weights(class)?, out)
    }

    /// Writes what each token adds to the difference of the logits of two classes: where in the image the
    /// network sees `class` rather than `other`.
    ///
    /// ```text
    /// difference[t] = evidence(class)[t] − evidence(other)[t]                  i32, below ±2^26
    /// logit[class] − logit[other] = bias[class] − bias[other] + Σ_t difference[t]       exactly
    /// ```
    ///
    /// # Errors
    /// As [`Self::evidence`].
    pub fn difference(
        &self,
        class: usize,
        other: usize,
        out: &mut [i32],
    ) -> Result<(), EvidenceError> {
        let weights = (self.class_weights(class)?, self.class_weights(other)?);
        self.check_map(out)?;
        let (tokens, zero) = self.answer.tokens;
        explain::difference(tokens, zero, weights, out);
        Ok(())
    }

    /// The weights `[dim]` of a class.
    fn class_weights(&self, class: usize) -> Result<&[i8], EvidenceError> {
        let weights = self.answer.class_weights?;
        let (classes, dim) = (self.answer.logits.len(), self.answer.embedding.len());
        let row = weights.chunks_exact(dim.max(1)).nth(class);
        row.ok_or(EvidenceError::Class { found: class, classes })
    }

    /// Writes what each token adds to the value whose weights `[dim]` are given.
    pub(super) fn map(&self, weights: &[i8], out: &mut [i32]) -> Result<(), EvidenceError> {
        self.check_map(out)?;
        let (tokens, zero) = self.answer.tokens;
        explain::evidence(tokens, zero, weights, out);
        Ok(())
    }

    /// Whether a map has one value for each token.
    fn check_map(&self, map: &[i32]) -> Result<(), EvidenceError> {
        let dim = self.answer.embedding.len();
        let (found, expected) = (map.len(), self.answer.tokens.0.chunks_exact(dim.max(1)).len());
        if found == expected { Ok(()) } else { Err(EvidenceError::Length { found, expected }) }
    }
}

/// Softmax over the logits of one output. Only the weights depend on the arithmetic.
#[derive(Clone, Copy)]
struct Softmax<A: Arithmetic> {
    highest: Option<A::Acc>,
    sum: u32,
    scale: A::Probability,
}

impl<A: Arithmetic> Softmax<A> {
    fn new(output: &Output<'_, A>) -> Self {
        let mut logits = output.answer.logits.iter().copied();
        let first = logits.next();
        let highest = first.map(|first| logits.fold(first, |a, b| if b > a { b } else { a }));
        let mut softmax = Self { highest, sum: 1, scale: output.answer.probability };
        softmax.sum =
            output.answer.logits.iter().map(|&logit| softmax.weight(logit)).sum::<u32>().max(1);
        softmax
    }

    /// 32,640 for the largest logit, less for the others.
    fn weight(&self, logit: A::Acc) -> u32 {
        self.highest.map_or(0, |highest| A::weight(&self.scale, highest, logit))
    }

    fn probability(&self, logit: A::Acc) -> u16 {
        share(self.weight(logit), self.sum)
    }
}

/// The sigmoid of a logit: its share in the softmax of the two logits `logit` and 0. At most 65,535.
pub(super) fn sigmoid<A: Arithmetic>(scale: &A::Probability, logit: A::Acc) -> u16 {
    let zero = A::Acc::zero();
    let highest = if logit > zero { logit } else { zero };
    let [present, absent] = [logit, zero].map(|logit| A::weight(scale, highest, logit));
    share(present, present + absent)
}

/// `weight` as a share of `sum`, times `2^16`, at most 65,535.
///
/// # Ranges and overflow
/// `weight ≤ 32_640`, and `1 ≤ sum < 2^25`: the dividend is below `2^31 + 2^24`.
fn share(weight: u32, sum: u32) -> u16 {
    // Without the `max` the compiler keeps a panic for a division by zero.
    let share = ((weight << 16) + sum / 2) / sum.max(1);
    u16::try_from(share).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ProbabilityScale;

    fn output(logits: &[i32]) -> Output<'_> {
        // One octave for 2^11 logit steps.
        let probability = ProbabilityScale::new(1 << 30, 30).unwrap();
        let class_weights = Err(EvidenceError::Flatten);
        let tokens = (&[][..], 0);
        Output::new(Answer {
            logits,
            embedding: &[],
            probability,
            tokens,
            sums: &[],
            class_weights,
        })
    }

    #[test]
    fn probabilities_follow_softmax() {
        let logits = [0, 2048, -4096, 2048, i32::MIN];
        let found: Vec<u16, 5> = output(&logits).probabilities().collect();
        let weights = [1.0, 2.0, 0.25, 2.0, 0.0];
        for (found, weight) in found.iter().zip(weights) {
            let real = weight / 5.25 * 65_536.0;
            assert!((f64::from(*found) - real).abs() < 12.0, "{found} against {real}");
        }
    }

    #[test]
    fn the_sigmoid_is_near_the_real_one() {
        // One octave for 2^11 steps.
        let scale = ProbabilityScale::new(1 << 30, 30).unwrap();
        let sigmoid = |logit| sigmoid::<Int8>(&scale, logit);
        for logit in (-40_000..40_000).step_by(7) {
            let real = 65_536.0 / (1.0 + (-f64::from(logit) / 2048.0).exp2());
            let found = f64::from(sigmoid(logit));
            assert!((found - real).abs() < 8.0, "{logit}: {found} against {real}");
        }
        assert_eq!(sigmoid(0), 1 << 15, "undecided");
        assert_eq!(sigmoid(i32::MAX), u16::MAX, "certain");
        assert_eq!(sigmoid(i32::MIN), 0, "impossible");
    }

    #[test]
    fn top_k_is_sorted_and_stable() {
        let logits = [5, -1, 9, 9, i32::MAX];
        let classes =
            |ranked: &[Ranked]| ranked.iter().map(|r| r.class).collect::<std::vec::Vec<_>>();
        assert_eq!(classes(&output(&logits).top_k::<3>()), [4, 2, 3], "the first three");
        assert_eq!(classes(&output(&logits).top_k::<9>()), [4, 2, 3, 0, 1], "all five");
        assert_eq!(output(&logits).class(), 4, "the best");
    }

    #[test]
    fn a_certain_class_saturates() {
        let top = output(&[0, 1 << 30]).top_k::<1>();
        assert_eq!(top[0].probability, u16::MAX, "all of it");
    }
}
