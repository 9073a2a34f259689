//! Layers: weights per channel, biases, rescales.

use super::multiplier::multiplier;
use runtime::fixed::Requant;
use trainer::quantize::{Affine, Layer, Rounded, Sharing, round, weight_steps};

/// A quantized layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantLinear {
    /// `[outputs, inputs]`, −127..=127.
    pub weights: Vec<i8>,
    /// `[outputs]`, with the zero point of the inputs taken into account.
    pub bias: Vec<i32>,
    /// Mantissas of the rescales, `[outputs]`; empty for a last layer.
    pub mult: Vec<i32>,
    /// Shifts of the rescales, `[outputs]`; empty for a last layer.
    pub shift: Vec<u8>,
}

/// The largest shift that fast kernels of microcontrollers support. They leave a layer with a larger one to slower
/// kernels.
const LARGEST_FAST_SHIFT: u8 = 54;

impl QuantLinear {
    /// Quantizes a layer whose input has the scale and zero point `input`. Output channel `j` has the scale
    /// `output_scale(j)`, which must be at least [`finest_output_scale`].
    pub fn new(layer: &Layer, input: Affine, output_scale: impl Fn(usize) -> f64) -> Self {
        let mut rounded = round(layer.clone(), Sharing::Output, Some(input.scale));
        let rescale = |(channel, step): (usize, &f64)| {
            let factor = input.scale * step / output_scale(channel);
            multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT)
        };
        let mut rescales: Vec<_> = rounded.steps.iter().enumerate().map(rescale).collect();
        let inputs = layer.inputs().max(1);
        let channels = rounded.weights.chunks_exact_mut(inputs).zip(&mut rounded.bias);
        for ((weights, bias), rescale) in channels.zip(&mut rescales) {
            let Some(excess @ 1..) = rescale.shift.checked_sub(LARGEST_FAST_SHIFT) else {
                continue;
            };
            // The sums of such a channel are less than a step of the output apart, so coarser weights are good enough.
            let coarser = |value: f64| (value / f64::from(excess).exp2()).round_ties_even();
            weights.iter_mut().for_each(|weight| *weight = coarser(f64::from(*weight)) as i8);
            *bias = coarser(*bias as f64) as i64;
            rescale.shift = LARGEST_FAST_SHIFT;
        }
        Self {
            bias: biases(&rounded, input.zero_point),
            mult: rescales.iter().map(|rescale| rescale.mult.cast_signed()).collect(),
            shift: rescales.iter().map(|rescale| rescale.shift).collect(),
            weights: rounded.weights,
        }
    }

    /// Quantizes a last layer with a scale for each output; returns the scale of each accumulator.
    pub fn accumulators(layer: &Layer, input: Affine) -> (Self, Vec<f64>) {
        let rounded = round(layer.clone(), Sharing::Output, Some(input.scale));
        let scales = rounded.steps.iter().map(|step| step * input.scale).collect();
        let bias = biases(&rounded, input.zero_point);
        let (mult, shift) = (Vec::new(), Vec::new());
        (Self { weights: rounded.weights, bias, mult, shift }, scales)
    }

    /// Quantizes a last layer with one scale for all weights; returns the scale of an accumulator.
    pub fn shared_scale(layer: &Layer, input: Affine) -> (Self, f64) {
        let rounded = round(layer.clone(), Sharing::Layer, Some(input.scale));
        let scale = rounded.steps.first().copied().unwrap_or(0.0) * input.scale;
        let bias = biases(&rounded, input.zero_point);
        let (mult, shift) = (Vec::new(), Vec::new());
        (Self { weights: rounded.weights, bias, mult, shift }, scale)
    }

    /// Reorders a depthwise layer's weights from `[channel, tap]` to `[tap, channel]`.
    #[must_use]
    pub fn tap_major(mut self) -> Self {
        let channels = self.bias.len();
        self.weights = (0..self.weights.len())
            .map(|at| self.weights[at % channels * 9 + at / channels])
            .collect();
        self
    }
}

/// The finest output scale that keeps every factor of a layer below a quarter. A rescale can represent
/// factors up to one half. But above a quarter, fast kernels leave the whole layer to slower ones. A step
/// of four units of the sums is still far finer than eight bits resolve.
pub fn finest_output_scale(layer: &Layer, input: Affine) -> f64 {
    let steps = weight_steps(layer, Sharing::Layer, Some(input.scale));
    // A margin above four, so that rounding the multiplier cannot reach a quarter.
    steps.first().copied().unwrap_or(0.0) * input.scale * (4.0 + 1e-6)
}

/// Biases for inputs that are stored with this zero point, which each product adds to the sum.
fn biases(rounded: &Rounded, zero_point: i8) -> Vec<i32> {
    let limit = 1i64 << 30;
    let inputs = rounded.weights.len() / rounded.bias.len().max(1);
    let rows = rounded.weights.chunks_exact(inputs.max(1));
    let bias = |(row, bias): (&[i8], &i64)| {
        let sum: i64 = row.iter().map(|&weight| i64::from(weight)).sum();
        (bias - i64::from(zero_point) * sum).clamp(-limit, limit) as i32
    };
    rows.zip(&rounded.bias).map(bias).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::fixed::Requant;

    #[test]
    fn a_channel_of_nearly_nothing_has_coarser_weights() {
        let layer = Layer { weights: vec![0.5, -1.0, 1e-6, -2e-6], bias: vec![0.25, 0.0] };
        let input = Affine { scale: 0.02, zero_point: -20 };
        let quantized = QuantLinear::new(&layer, input, |_| 0.05);
        assert_eq!(quantized.weights[..2], [64, -127], "an ordinary channel");
        // −127 steps of 2^−58 are −8 steps of 2^−54.
        assert_eq!(quantized.weights[2..], [4, -8], "a channel of nearly nothing");
        assert_eq!(quantized.shift[1], LARGEST_FAST_SHIFT, "its shift");
        let step = f64::from(quantized.mult[1]) * (-54f64).exp2() * 0.05 / 0.02;
        assert!((-8.0 * step + 2e-6).abs() <= 0.5 * step, "its largest weight, {}", -8.0 * step);
    }

    #[test]
    fn a_layer_keeps_its_outputs() {
        let layer =
            Layer { weights: vec![0.5, -0.25, 0.125, 2.0, 1.0, -1.5], bias: vec![0.3, -0.7] };
        let input = Affine { scale: 0.02, zero_point: -20 };
        let x = [100i8, -50, 7];
        let quantized = QuantLinear::new(&layer, input, |_| 0.05);
        for (j, row) in layer.rows().enumerate() {
            let real: f64 = row.iter().zip(x).map(|(w, q)| w * input.real(q.into())).sum();
            let weights = &quantized.weights[3 * j..3 * j + 3];
            let products = weights.iter().zip(x).map(|(&w, q)| i32::from(w) * i32::from(q));
            let acc = quantized.bias[j] + products.sum::<i32>();
            let requant = Requant::new(quantized.mult[j], quantized.shift[j]).unwrap();
            let found = f64::from(requant.apply(acc)) * 0.05;
            let expected = real + layer.bias[j];
            assert!((found - expected).abs() < 0.06, "output {j}: {found}, {expected}");
        }
    }

    #[test]
    fn a_large_bias_coarsens_the_weights_instead_of_overflowing() {
        let layer = Layer { weights: vec![1e-9], bias: vec![5.0] };
        let input = Affine { scale: 0.01, zero_point: 127 };
        let quantized = QuantLinear::new(&layer, input, |_| 0.04);
        assert!(quantized.bias[0] <= 1 << 30, "bias {}", quantized.bias[0]);
        let requant = Requant::new(quantized.mult[0], quantized.shift[0]).unwrap();
        assert_eq!(requant.apply(quantized.bias[0]), 125, "5.0 at a scale of 0.04");
    }

    #[test]
    fn the_finest_output_scale_keeps_factors_below_a_quarter() {
        let layer = Layer { weights: vec![0.5, 2.0, 0.1, -0.03], bias: vec![0.3, -0.7] };
        let input = Affine { scale: 0.02, zero_point: -20 };
        let finest = finest_output_scale(&layer, input);
        let smallest =
            |scale| *QuantLinear::new(&layer, input, |_| scale).shift.iter().min().unwrap();
        assert_eq!(smallest(finest), Requant::MIN_SHIFT + 1, "at the finest scale");
        assert_eq!(smallest(0.99 * finest), Requant::MIN_SHIFT, "and at a finer one");
    }

    #[test]
    fn depthwise_weights_are_stored_tap_by_tap() {
        let layer = QuantLinear {
            weights: (0..18).collect(),
            bias: vec![0; 2],
            mult: vec![0; 2],
            shift: vec![0; 2],
        };
        assert_eq!(layer.tap_major().weights[..4], [0, 9, 1, 10], "two channels");
    }
}
