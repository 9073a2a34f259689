//! A layer as plain numbers, and what is folded into it before its weights are rounded.
//!
//! All of it is in f64, and the order of operations is part of the blob: a weight that is half the largest
//! of its row lies between two steps, and its last bit decides to which one it is rounded.

/// A layer: `[outputs, inputs]` weights and `[outputs]` biases. The inputs of a convolution are in the
/// order row, column, channel; a depthwise convolution has nine.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// `[outputs, inputs]`.
    pub weights: Vec<f64>,
    /// `[outputs]`.
    pub bias: Vec<f64>,
}

/// `gain · x + offset`, channel by channel: a normalisation whose statistics are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// `[channels]`.
    pub gain: Vec<f64>,
    /// `[channels]`.
    pub offset: Vec<f64>,
}

/// Taps of a depthwise convolution.
const TAPS: usize = 9;
/// The centre of a 3×3 window.
const CENTRE: usize = 4;

impl Scaling {
    /// Gain and offset of each channel, repeated without end.
    fn cycle(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.gain.iter().copied().zip(self.offset.iter().copied()).cycle()
    }
}

impl Layer {
    /// Inputs of one output.
    pub fn inputs(&self) -> usize {
        self.weights.len() / self.bias.len().max(1)
    }

    /// Weight rows, one for each output.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.weights.chunks_exact(self.inputs().max(1))
    }

    /// Folds in a scaling of the outputs: a batch normalisation after the layer.
    #[must_use]
    pub fn fold_outputs(mut self, scaling: &Scaling) -> Self {
        let inputs = self.inputs().max(1);
        for (row, gain) in self.weights.chunks_exact_mut(inputs).zip(&scaling.gain) {
            row.iter_mut().for_each(|weight| *weight *= gain);
        }
        for ((bias, gain), offset) in self.bias.iter_mut().zip(&scaling.gain).zip(&scaling.offset) {
            *bias = *bias * gain + offset;
        }
        self
    }

    /// Folds in a scaling of the inputs: a layer normalisation before the layer, or the pixel
    /// normalisation. Its channels repeat along the inputs.
    #[must_use]
    pub fn fold_inputs(mut self, scaling: &Scaling) -> Self {
        let inputs = self.inputs().max(1);
        for (row, bias) in self.weights.chunks_exact_mut(inputs).zip(&mut self.bias) {
            for (weight, (gain, offset)) in row.iter_mut().zip(scaling.cycle()) {
                *bias += *weight * offset;
                *weight *= gain;
            }
        }
        self
    }

    /// Undoes the folding of a scaling of the inputs, which was folded into `original`. An input with gain
    /// 0 keeps the weights of `original`.
    #[must_use]
    pub fn unfold_inputs(mut self, scaling: &Scaling, original: &Self) -> Self {
        let inputs = self.inputs().max(1);
        let rows = self.weights.chunks_exact_mut(inputs).zip(original.rows());
        for ((row, original), bias) in rows.zip(&mut self.bias) {
            let mut at_offset = 0.0;
            for ((weight, original), (gain, offset)) in
                row.iter_mut().zip(original).zip(scaling.cycle())
            {
                *weight = if gain == 0.0 { *original } else { *weight / gain };
                at_offset += *weight * offset;
            }
            *bias -= at_offset;
        }
        self
    }

    /// The weights without a gain of the outputs, which was folded into `original`. An output with gain
    /// 0 keeps the weights of `original`. Biases stay as they are.
    #[must_use]
    pub fn unfold_output_gain(mut self, gain: &[f64], original: &Self) -> Self {
        let inputs = self.inputs().max(1);
        let rows = self.weights.chunks_exact_mut(inputs).zip(original.rows());
        for ((row, original), &gain) in rows.zip(gain) {
            if gain == 0.0 {
                row.copy_from_slice(original);
            } else {
                row.iter_mut().for_each(|weight| *weight /= gain);
            }
        }
        self
    }

    /// The depthwise sum `h + depthwise(h)` as one depthwise convolution.
    #[must_use]
    pub fn with_identity(self) -> Self {
        self.change_centres(1.0)
    }

    /// Undoes [`with_identity`](Self::with_identity).
    #[must_use]
    pub fn without_identity(self) -> Self {
        self.change_centres(-1.0)
    }

    fn change_centres(mut self, change: f64) -> Self {
        let centres = self.weights.iter_mut().skip(CENTRE).step_by(TAPS);
        centres.for_each(|centre| *centre += change);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(layer: &Layer, x: [f64; 2]) -> Vec<f64> {
        let outputs = layer.rows().zip(&layer.bias);
        outputs.map(|(w, b)| w[0] * x[0] + w[1] * x[1] + b).collect()
    }

    fn layer() -> Layer {
        Layer { weights: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.5, -0.5] }
    }

    fn scaling(gain: [f64; 2]) -> Scaling {
        Scaling { gain: gain.to_vec(), offset: vec![1.0, -1.0] }
    }

    #[test]
    fn foldings_compute_the_same_outputs() {
        let folded = layer().fold_inputs(&scaling([2.0, 3.0]));
        assert_eq!(apply(&folded, [5.0, 7.0]), apply(&layer(), [11.0, 20.0]), "inputs");
        let folded = layer().fold_outputs(&scaling([2.0, 3.0]));
        assert_eq!(apply(&folded, [1.0, 1.0]), [2.0 * 3.5 + 1.0, 3.0 * 6.5 - 1.0], "outputs");
    }

    #[test]
    fn unfolding_undoes_folding() {
        for gain in [[2.0, 4.0], [2.0, 0.0]] {
            let scaling = scaling(gain);
            let inputs = layer().fold_inputs(&scaling).unfold_inputs(&scaling, &layer());
            assert_eq!(inputs, layer(), "inputs with gains {gain:?}");
            let outputs = layer().fold_outputs(&scaling).unfold_output_gain(&gain, &layer());
            assert_eq!(outputs.weights, layer().weights, "outputs with gains {gain:?}");
        }
    }

    #[test]
    fn the_identity_is_the_centre_tap() {
        let layer = Layer { weights: vec![0.25; 18], bias: vec![0.0; 2] };
        let sum = layer.clone().with_identity();
        let centres: Vec<usize> = (0..18).filter(|&i| sum.weights[i] > 1.0).collect();
        assert_eq!(centres, [4, 13], "one centre a channel");
        assert_eq!(sum.without_identity(), layer, "undone");
    }
}
