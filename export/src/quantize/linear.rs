//! Layers: weights per channel, biases, rescales.

use super::{Affine, multiplier};
use crate::float::FloatLinear;
use runtime::fixed::Requant;
use trainer::quantize::weight_step;

/// A quantized layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantLinear {
    /// `[n, k]`.
    pub weights: Vec<i8>,
    /// `[n]`.
    pub bias: Vec<i32>,
    /// `[n]`.
    pub mult: Vec<i32>,
    /// `[n]`.
    pub shift: Vec<u8>,
}

impl QuantLinear {
    /// Quantizes a layer whose input is at `input` and whose output channel `j` is at
    /// `output_scale(j)`, at least [`finest_output_scale`].
    pub fn new(layer: &FloatLinear, input: Affine, output_scale: impl Fn(usize) -> f64) -> Self {
        let mut quantized =
            Self { weights: Vec::new(), bias: Vec::new(), mult: Vec::new(), shift: Vec::new() };
        for (channel, (row, &bias)) in layer.rows().zip(&layer.bias).enumerate() {
            let scale = weight_scale(row, bias, input.scale);
            let (weights, bias) = quantize_row(row, bias, scale, input);
            let factor = input.scale * scale / output_scale(channel);
            let rescale = multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
            quantized.weights.extend(weights);
            quantized.bias.push(bias);
            quantized.mult.push(rescale.mult.cast_signed());
            quantized.shift.push(rescale.shift);
        }
        quantized
    }

    /// Quantizes a last layer with one scale for all weights; returns the scale of an accumulator.
    pub fn shared_scale(layer: &FloatLinear, input: Affine) -> (Self, f64) {
        let scale = layer
            .rows()
            .zip(&layer.bias)
            .map(|(row, &bias)| weight_scale(row, bias, input.scale))
            .fold(0.0, f64::max);
        let mut quantized =
            Self { weights: Vec::new(), bias: Vec::new(), mult: Vec::new(), shift: Vec::new() };
        for (row, &bias) in layer.rows().zip(&layer.bias) {
            let (weights, bias) = quantize_row(row, bias, scale, input);
            quantized.weights.extend(weights);
            quantized.bias.push(bias);
        }
        (quantized, scale * input.scale)
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

/// The finest output scale that keeps every factor of a layer below a quarter. A rescale holds factors up
/// to one half, but above a quarter kernels with wide or packed sums leave the whole layer to slower
/// ones; a step of four units of the sums loses nothing that eight bits had.
pub fn finest_output_scale(layer: &FloatLinear, input: Affine) -> f64 {
    let largest = layer
        .rows()
        .zip(&layer.bias)
        .map(|(row, &bias)| weight_scale(row, bias, input.scale))
        .fold(0.0, f64::max);
    // A margin above four, so that rounding the multiplier cannot reach a quarter.
    largest * input.scale * (4.0 + 1e-6)
}

fn weight_scale(row: &[f64], bias: f64, input_scale: f64) -> f64 {
    weight_step(row.iter().copied(), bias, Some(input_scale))
}

fn quantize_row(row: &[f64], bias: f64, scale: f64, input: Affine) -> (Vec<i8>, i32) {
    let weights: Vec<i8> = row
        .iter()
        .map(|weight| (weight / scale).round_ties_even().clamp(-127.0, 127.0) as i8)
        .collect();
    let sum: i64 = weights.iter().map(|&weight| i64::from(weight)).sum();
    let bias = (bias / (input.scale * scale)).round_ties_even() as i64;
    let bias = bias - i64::from(input.zero_point) * sum;
    let limit = 1i64 << 30;
    (weights, bias.clamp(-limit, limit) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::fixed::Requant;

    #[test]
    fn a_layer_keeps_its_outputs() {
        let layer =
            FloatLinear { weights: vec![0.5, -0.25, 0.125, 2.0, 1.0, -1.5], bias: vec![0.3, -0.7] };
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
        let layer = FloatLinear { weights: vec![1e-9], bias: vec![5.0] };
        let input = Affine { scale: 0.01, zero_point: 127 };
        let quantized = QuantLinear::new(&layer, input, |_| 0.04);
        assert!(quantized.bias[0] <= 1 << 30, "bias {}", quantized.bias[0]);
        let requant = Requant::new(quantized.mult[0], quantized.shift[0]).unwrap();
        assert_eq!(requant.apply(quantized.bias[0]), 125, "5.0 at a scale of 0.04");
    }

    #[test]
    fn the_finest_output_scale_keeps_factors_below_a_quarter() {
        let layer = FloatLinear { weights: vec![0.5, 2.0, 0.1, -0.03], bias: vec![0.3, -0.7] };
        let input = Affine { scale: 0.02, zero_point: -20 };
        let finest = finest_output_scale(&layer, input);
        let least = |scale| *QuantLinear::new(&layer, input, |_| scale).shift.iter().min().unwrap();
        assert_eq!(least(finest), Requant::MIN_SHIFT + 1, "at the finest scale");
        assert_eq!(least(0.99 * finest), Requant::MIN_SHIFT, "and at a finer one");
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
