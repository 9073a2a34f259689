//! The pixels that an integer network reads.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::rows::Folding;
use crate::data::Normalisation;

/// Largest pixel value.
const WHITE: f64 = 255.0;
/// The byte that is stored as the integer 0.
const MIDDLE: f64 = 128.0;

/// A network's input, which is stored as bytes less 128, in terms of normalised pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixels {
    normalisation: Normalisation,
}

impl Pixels {
    pub(super) const fn new(normalisation: Normalisation) -> Self {
        Self { normalisation }
    }

    /// Size of one step of each colour, and what the integer 0 stands for.
    pub(super) fn folding(self) -> Folding {
        let gain = self.normalisation.std.map(|std| 1.0 / (WHITE * f64::from(std)));
        let offset = self.normalised(|_| MIDDLE);
        Folding { gain: gain.to_vec(), offset: offset.to_vec() }
    }

    /// What the byte beside the image stands for: the one next to the mean.
    pub(super) fn padding_values(self) -> [f64; 3] {
        self.normalised(|mean| (WHITE * mean).round_ties_even())
    }

    /// The same, `[3]`.
    pub(super) fn padding<B: Backend>(self, device: &B::Device) -> Tensor<B, 1> {
        Tensor::from_floats(self.padding_values().map(|value| value as f32), device)
    }

    fn normalised(self, byte: impl Fn(f64) -> f64) -> [f64; 3] {
        let Normalisation { mean, std } = self.normalisation;
        std::array::from_fn(|colour| {
            let (mean, std) = (f64::from(mean[colour]), f64::from(std[colour]));
            (byte(mean) / WHITE - mean) / std
        })
    }
}
