//! Patches of pixels through one linear layer.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::{PatchOrder, VitConfig};

use super::init::Init;
use ops::{self, VitBackend};

/// Cuts the image into patches and projects each to a token.
#[derive(Module, Debug)]
pub struct PatchEmbed<B: Backend> {
    /// Weight `[patch_len, dim]`, bias `[dim]`; a patch is ordered row, column, channel.
    pub linear: Linear<B>,
    #[module(skip)]
    size: usize,
    #[module(skip)]
    order: PatchOrder,
    #[module(skip)]
    sides: [usize; 2],
}

impl<B: Backend> PatchEmbed<B> {
    pub(crate) fn new(
        config: &VitConfig,
        patch: (usize, PatchOrder),
        init: &mut Init<'_, B>,
    ) -> Self {
        let (size, order) = patch;
        let image = config.image();
        let inputs = size * size * image.channels;
        let linear = init.linear(inputs, config.dim());
        Self { linear, size, order, sides: [image.height, image.width] }
    }
}

impl<B: VitBackend> PatchEmbed<B> {
    /// `[batch, height · width, 3]` to `[batch, tokens, dim]`.
    pub(crate) fn forward(&self, pixels: Tensor<B, 3>) -> Tensor<B, 3> {
        let [batch, positions, channels] = pixels.dims();
        let (size, [height, width]) = (self.size, self.sides);
        let patch_len = size * size * channels;
        let tokens = positions / (size * size);
        let patches = match self.order {
            // The pixels of a patch are already in order.
            PatchOrder::Row => pixels.reshape([batch, tokens, patch_len]),
            PatchOrder::Grid => pixels
                .reshape([batch, height / size, size, width / size, size, channels])
                .permute([0, 1, 3, 2, 4, 5])
                .reshape([batch, tokens, patch_len]),
        };
        ops::linear(patches, &self.linear) // [batch, tokens, dim]
    }
}
