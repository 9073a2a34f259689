//! The pixels that an integer network reads.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::layer::Scaling;
use crate::data::Normalisation;

/// Largest pixel value.
const WHITE: f64 = 255.0;
/// The byte that is stored as the integer 0.
const MIDDLE: f64 = 128.0;

/// A network's input, which is stored as bytes minus 128, in terms of normalised pixels.
#[derive(Clone, Copy, Debug)]
pub struct Pixels {
    mean: [f64; 3],
    std: [f64; 3],
}

impl Pixels {
    /// The input of a network with this normalisation.
    pub fn new(normalisation: Normalisation) -> Self {
        let Normalisation { mean, std } = normalisation;
        Self { mean: mean.map(f64::from), std: std.map(f64::from) }
    }

    /// From the stored integers of each colour to normalised pixels.
    pub fn scaling(self) -> Scaling {
        let gain = self.std.map(|std| 1.0 / (WHITE * std));
        let middle = self.mean.iter().map(|mean| MIDDLE - WHITE * mean);
        let offset = middle.zip(gain).map(|(middle, gain)| middle * gain).collect();
        Scaling { gain: gain.to_vec(), offset }
    }

    /// The padding around the image: the integer nearest to the mean of each colour.
    pub fn padding(self) -> [i8; 3] {
        self.mean.map(|mean| ((WHITE * mean).round_ties_even() - MIDDLE).clamp(-128.0, 127.0) as i8)
    }

    /// [`padding`](Self::padding) as normalised pixels.
    pub(super) fn padding_values(self) -> [f64; 3] {
        let byte = self.mean.map(|mean| (WHITE * mean).round_ties_even());
        std::array::from_fn(|c| (byte[c] / WHITE - self.mean[c]) / self.std[c])
    }

    /// The same, `[3]`.
    pub(super) fn padding_tensor<B: Backend>(self, device: &B::Device) -> Tensor<B, 1> {
        Tensor::from_floats(self.padding_values().map(|value| value as f32), device)
    }
}
