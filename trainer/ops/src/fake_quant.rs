//! Rounds values as eight bits would store them. Inside the range of the stored values, gradients pass
//! unchanged (straight-through estimator).
//!
//! # Source
//! Jacob et al., *Quantization and Training of Neural Networks for Efficient
//! Integer-Arithmetic-Only Inference*, 2018.

use std::sync::Arc;

use crate::fused::Fused;
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// Adding and subtracting it rounds a value below 2²² in magnitude to the nearest integer, ties to even.
const TO_INTEGER: f32 = 12_582_912.0;

/// Rounds each value to the nearest one that can be stored. Values outside the range are clamped.
///
/// The gradient of a value inside the range is the gradient of its rounded value. Outside the range it is
/// zero.
#[derive(Clone, Debug)]
pub struct FakeQuant {
    steps: Steps,
    folding: Option<Arc<Folding>>,
    /// The value of one unit of a channel's integer sum.
    units: Option<Arc<[f64]>>,
}

/// Multiples of `scale`, from `lowest` to `highest` of them.
#[derive(Clone, Copy, Debug)]
struct Steps {
    scale: f32,
    lowest: f32,
    highest: f32,
}

/// What is stored is `(value − offset) / gain` of each channel.
#[derive(Debug)]
struct Folding {
    gain: Vec<f32>,
    offset: Vec<f32>,
}

impl FakeQuant {
    /// Steps of a positive `scale`, from `lowest` to `highest` of them.
    pub fn new(scale: f32, lowest: i32, highest: i32) -> Self {
        let steps = Steps { scale, lowest: lowest as f32, highest: highest as f32 };
        Self { steps, folding: None, units: None }
    }

    /// Size of one step, before any gain.
    pub const fn step(&self) -> f32 {
        self.steps.scale
    }

    /// The same steps of `(value − offset) / gain`, channel by channel. A channel without gain stays
    /// as it is.
    #[must_use]
    pub fn folded(self, gain: Vec<f32>, offset: Vec<f32>) -> Self {
        Self { folding: Some(Arc::new(Folding { gain, offset })), ..self }
    }

    /// The same steps for values that are whole multiples of `units`, channel by channel, except for the
    /// rounding of float sums. Half a step rounds up, as in the rescale of the integer kernels.
    #[must_use]
    pub fn of_sums(self, units: Vec<f64>) -> Self {
        Self { units: Some(units.into()), ..self }
    }

    /// Number of channels of a row, the same for all rows.
    fn channels(&self) -> usize {
        match (&self.folding, &self.units) {
            (Some(folding), _) => folding.gain.len().max(1),
            (None, Some(units)) => units.len().max(1),
            (None, None) => 1,
        }
    }
}

impl Fused<1> for FakeQuant {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let channels = self.channels();
        parallel::fill(x.len(), x.len() / channels, |first, out| {
            let x = &x[first * channels..];
            match (&self.folding, &self.units) {
                (Some(folding), _) => round_folded(x, self.steps, folding, out),
                (None, Some(units)) => round_sums(x, self.steps, units, out),
                (None, None) => round(x, self.steps, out),
            }
        })
    }

    fn backward(
        &self,
        [x]: [&[f32]; 1],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 1],
    ) -> [Vec<f32>; 1] {
        let channels = self.channels();
        [parallel::fill(x.len(), x.len() / channels, |first, out| {
            let (x, grad) = (&x[first * channels..], &grad[first * channels..]);
            match &self.folding {
                None => pass(x, grad, self.steps, out),
                Some(folding) => pass_folded(x, grad, self.steps, folding, out),
            }
        })]
    }
}

impl Steps {
    #[inline(always)]
    fn nearest(self, value: f32) -> f32 {
        let steps = (value / self.scale).max(self.lowest).min(self.highest);
        ((steps + TO_INTEGER) - TO_INTEGER) * self.scale
    }

    /// One for values that are kept, zero for values that are clamped.
    #[inline(always)]
    fn kept(self, value: f32) -> f32 {
        let steps = value / self.scale;
        // A value up to half a step beyond the last step is rounded to that step.
        if steps >= self.lowest - 0.5 && steps <= self.highest + 0.5 { 1.0 } else { 0.0 }
    }
}

vectorised! {
    fn round(x: &[f32], steps: Steps, out: &mut [f32]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = steps.nearest(x);
        }
    }

    fn round_folded(x: &[f32], steps: Steps, folding: &Folding, out: &mut [f32]) {
        let channels = folding.gain.len().max(1);
        for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            let rows = out.iter_mut().zip(x).zip(folding.gain.iter().zip(&folding.offset));
            for ((out, &x), (&gain, &offset)) in rows {
                let rounded = steps.nearest((x - offset) / gain) * gain + offset;
                *out = if gain == 0.0 { x } else { rounded };
            }
        }
    }

    fn round_sums(x: &[f32], steps: Steps, units: &[f64], out: &mut [f32]) {
        let per_step = f64::from(steps.scale).recip();
        let channels = units.len().max(1);
        for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            for ((out, &x), unit) in out.iter_mut().zip(x).zip(units) {
                let sum = (f64::from(x) / unit).round_ties_even();
                let stored = (sum * (unit * per_step) + 0.5).floor() as f32;
                *out = stored.max(steps.lowest).min(steps.highest) * steps.scale;
            }
        }
    }

    fn pass(x: &[f32], grad: &[f32], steps: Steps, out: &mut [f32]) {
        for ((out, &x), &grad) in out.iter_mut().zip(x).zip(grad) {
            *out = grad * steps.kept(x);
        }
    }

    fn pass_folded(x: &[f32], grad: &[f32], steps: Steps, folding: &Folding, out: &mut [f32]) {
        let channels = folding.gain.len().max(1);
        let rows = x.chunks_exact(channels).zip(grad.chunks_exact(channels));
        for ((x, grad), out) in rows.zip(out.chunks_exact_mut(channels)) {
            let folding = folding.gain.iter().zip(&folding.offset);
            for (((out, &x), &grad), (&gain, &offset)) in out.iter_mut().zip(x).zip(grad).zip(folding)
            {
                let kept = steps.kept((x - offset) / gain);
                *out = if gain == 0.0 { grad } else { grad * kept };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_what_is_stored() {
        // Steps of one half with the zero point −10.
        let plain = FakeQuant::new(0.5, -118, 137);
        let x = [0.0, 0.74, 0.76, -100.0, 100.0];
        assert_eq!(plain.forward([&x]), [0.0, 0.5, 1.0, -59.0, 68.5], "from −128 to 127");
        let folded = plain.folded(vec![2.0, 0.0], vec![1.0, 3.0]);
        let x = [2.4, 3.25, 1.0, 3.0];
        assert_eq!(folded.forward([&x]), [2.0, 3.25, 1.0, 3.0], "steps of 2 · one half around 1");
    }

    #[test]
    fn sums_are_whole_before_they_are_rescaled() {
        let sums = FakeQuant::new(0.5, -4, 4).of_sums(vec![0.1, 0.25]);
        // 7.4 and 3 units: 0.7 and 0.75, of which the latter is one and a half steps.
        assert_eq!(
            sums.forward([&[0.74, 0.75, -9.0, -0.25]]),
            [0.5, 1.0, -2.0, 0.0],
            "two channels"
        );
        let whole = FakeQuant::new(0.5, -4, 4);
        assert_eq!(whole.forward([&[0.74, 0.76]]), [0.5, 1.0], "without units");
    }

    #[test]
    fn gradients_pass_inside_the_range_only() {
        let plain = FakeQuant::new(0.5, -4, 4);
        let (x, grad) = ([-2.3, -2.2, 0.1, 2.2, 2.3], [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(plain.backward([&x], &[], &grad, [true]), [[0.0, 2.0, 3.0, 4.0, 0.0]], "plain");
        let folded = plain.folded(vec![10.0, 0.0], vec![5.0, 0.0]);
        let (x, grad) = ([26.0, 99.0, 28.0, 99.0], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(folded.backward([&x], &[], &grad, [true]), [[1.0, 2.0, 0.0, 4.0]], "folded");
    }

    #[test]
    fn parts_of_a_batch_are_rounded_alike() {
        let x: Vec<f32> = (0..3 * 997).map(|i| (i as f32 * 0.37).sin() * 9.0).collect();
        let folded = FakeQuant::new(0.1, -50, 40).folded(vec![0.5, -1.0, 2.0], vec![0.1, 0.2, 0.3]);
        let found = folded.forward([&x]);
        for (row, expected) in found.chunks_exact(3).zip(x.chunks_exact(3)) {
            assert_eq!(folded.forward([expected]), row, "a row alone");
        }
    }
}
