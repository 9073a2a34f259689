//! The float network as plain numbers, and the foldings that need no data.

use runtime::config::VitConfig;

/// A layer: `n` outputs over `k` inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatLinear {
    /// `[n, k]`.
    pub weights: Vec<f64>,
    /// `[n]`.
    pub bias: Vec<f64>,
}

/// A convolution of the stem, its batch normalisation folded. A full convolution's inputs are
/// ordered row, column, channel; a depthwise one has nine inputs.
pub type FloatConv = FloatLinear;

/// A layer normalisation.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatNorm {
    /// Gain, `[dim]`.
    pub gamma: Vec<f64>,
    /// Bias, `[dim]`.
    pub beta: Vec<f64>,
}

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatBlock {
    /// First normalisation.
    pub norm1: FloatNorm,
    /// Queries, keys and values, each `[heads · head_dim, dim]`.
    pub qkv: [FloatLinear; 3],
    /// Output projection.
    pub project: FloatLinear,
    /// Second normalisation.
    pub norm2: FloatNorm,
    /// First MLP layer.
    pub mlp1: FloatLinear,
    /// Depthwise convolution, nine inputs a channel.
    pub depthwise: Option<FloatLinear>,
    /// Second MLP layer.
    pub mlp2: FloatLinear,
}

/// A whole network, read from a record.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatNet {
    /// Its geometry.
    pub config: VitConfig,
    /// Name of every class.
    pub classes: Vec<String>,
    /// Mean of each colour channel, of values 0..1.
    pub mean: [f64; 3],
    /// Standard deviation of each colour channel.
    pub std: [f64; 3],
    /// Convolutions of the stem in order, the last included; none for patches.
    pub convs: Vec<FloatConv>,
    /// The patch layer; none for a convolution stem.
    pub patch: Option<FloatLinear>,
    /// `[tokens, dim]`.
    pub position: Vec<f64>,
    /// Blocks in order.
    pub blocks: Vec<FloatBlock>,
    /// Last normalisation.
    pub norm: FloatNorm,
    /// Layers of the class head, the last one giving the logits.
    pub head: Vec<FloatLinear>,
}

impl FloatLinear {
    /// Inputs of one output.
    pub fn inputs(&self) -> usize {
        self.weights.len() / self.bias.len().max(1)
    }

    /// Weight rows, one for each output.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.weights.chunks_exact(self.inputs().max(1))
    }

    /// Multiplies output `j` by `gain[j]` and adds `offset[j]`: a batch normalisation.
    #[must_use]
    pub fn scale_outputs(mut self, gain: &[f64], offset: &[f64]) -> Self {
        let k = self.inputs().max(1);
        for (row, gain) in self.weights.chunks_exact_mut(k).zip(gain) {
            row.iter_mut().for_each(|weight| *weight *= gain);
        }
        for ((bias, gain), offset) in self.bias.iter_mut().zip(gain).zip(offset) {
            *bias = *bias * gain + offset;
        }
        self
    }

    /// Replaces input `i` by `gain[i] · x[i] + offset[i]`, where both repeat along the inputs: a
    /// layer normalisation, or the pixel normalisation of an image with three channels.
    #[must_use]
    pub fn scale_inputs(mut self, gain: &[f64], offset: &[f64]) -> Self {
        let k = self.inputs().max(1);
        for (row, bias) in self.weights.chunks_exact_mut(k).zip(&mut self.bias) {
            for ((weight, gain), offset) in
                row.iter_mut().zip(gain.iter().cycle()).zip(offset.iter().cycle())
            {
                *bias += *weight * offset;
                *weight *= gain;
            }
        }
        self
    }

    /// The depthwise sum `h + depthwise(h)` as one depthwise convolution.
    #[must_use]
    pub fn with_identity(mut self) -> Self {
        self.weights.iter_mut().skip(4).step_by(9).for_each(|centre| *centre += 1.0);
        self
    }
}

impl FloatNet {
    /// Gain and offset of each colour channel that turn `q = u8 − 128` into a normalised value.
    pub fn pixel_normalisation(&self) -> ([f64; 3], [f64; 3]) {
        let gain = self.std.map(|std| 1.0 / (255.0 * std));
        let offset = core::array::from_fn(|c| (128.0 - 255.0 * self.mean[c]) * gain[c]);
        (gain, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foldings_compute_the_same_outputs() {
        let layer = FloatLinear { weights: vec![1.0, 2.0, 3.0, 4.0], bias: vec![0.5, -0.5] };
        let apply = |layer: &FloatLinear, x: [f64; 2]| -> Vec<f64> {
            let outputs = layer.rows().zip(&layer.bias);
            outputs.map(|(w, b)| w[0] * x[0] + w[1] * x[1] + b).collect()
        };
        let scaled = layer.clone().scale_inputs(&[2.0, 3.0], &[1.0, -1.0]);
        assert_eq!(apply(&scaled, [5.0, 7.0]), apply(&layer, [11.0, 20.0]), "inputs");
        let scaled = layer.clone().scale_outputs(&[2.0, 3.0], &[1.0, -1.0]);
        assert_eq!(apply(&scaled, [1.0, 1.0]), [2.0 * 3.5 + 1.0, 3.0 * 6.5 - 1.0], "outputs");
    }

    #[test]
    fn the_identity_is_the_centre_tap() {
        let layer = FloatLinear { weights: vec![0.25; 18], bias: vec![0.0; 2] }.with_identity();
        let centre: Vec<usize> = (0..18).filter(|&i| layer.weights[i] > 1.0).collect();
        assert_eq!(centre, [4, 13], "one centre a channel");
    }
}
