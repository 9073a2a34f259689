//! The pixels that an integer network reads.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::data::Normalisation;

/// Largest pixel value.
const WHITE: f32 = 255.0;
/// The byte that is stored as the integer 0.
const MIDDLE: f32 = 128.0;

/// A network's input, which is stored as bytes less 128, in terms of normalised pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pixels {
    normalisation: Normalisation,
}

impl Pixels {
    pub(super) const fn new(normalisation: Normalisation) -> Self {
        Self { normalisation }
    }

    /// Size of one step of each colour but for a common factor, `[3]`.
    pub(super) fn gain<B: Backend>(self, device: &B::Device) -> Tensor<B, 1> {
        Tensor::from_floats(self.normalisation.std.map(f32::recip), device)
    }

    /// What the integer 0 stands for, `[3]`.
    pub(super) fn offset<B: Backend>(self, device: &B::Device) -> Tensor<B, 1> {
        Tensor::from_floats(self.normalised(|_| MIDDLE), device)
    }

    /// What the byte beside the image stands for, `[3]`: the one next to the mean.
    pub(super) fn padding<B: Backend>(self, device: &B::Device) -> Tensor<B, 1> {
        Tensor::from_floats(self.normalised(|mean| (WHITE * mean).round_ties_even()), device)
    }

    fn normalised(self, byte: impl Fn(f32) -> f32) -> [f32; 3] {
        let Normalisation { mean, std } = self.normalisation;
        std::array::from_fn(|colour| (byte(mean[colour]) / WHITE - mean[colour]) / std[colour])
    }
}
