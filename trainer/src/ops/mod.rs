//! The operations of the model that burn composes from many passes over memory.
//!
//! [`compose`] defines each one with burn's own operations. [`VitBackend`] chooses for each backend:
//! plain backends run the definition, training runs a fused form with a gradient of its own.

pub mod compose;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn_flex::Flex;
use burn_ndarray::NdArray;

/// Geometry of a 3×3 convolution with padding 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width of the input grid.
    pub input: [usize; 2],
    /// 1 or 2.
    pub stride: usize,
}

impl Window {
    /// Height and width of the output grid.
    pub fn output(self) -> [usize; 2] {
        self.input.map(|side| side.div_ceil(self.stride))
    }
}

/// A burn backend on which the model runs.
///
/// Activations are `[batch, positions, channels]`. Each method is defined by the function of the
/// same name in [`compose`]; the prefix keeps them apart from burn's own.
pub trait VitBackend: Backend {
    /// See [`compose::gelu`].
    fn vit_gelu(x: Tensor<Self, 3>) -> Tensor<Self, 3> {
        compose::gelu(x)
    }

    /// See [`compose::linear`].
    fn vit_linear(x: Tensor<Self, 3>, layer: &Linear<Self>) -> Tensor<Self, 3> {
        compose::linear(x, layer)
    }

    /// See [`compose::layer_norm`].
    fn vit_layer_norm(x: Tensor<Self, 3>, norm: &LayerNorm<Self>) -> Tensor<Self, 3> {
        compose::layer_norm(x, norm)
    }

    /// See [`compose::batch_norm`].
    fn vit_batch_norm(
        x: Tensor<Self, 3>,
        gamma: Tensor<Self, 1>,
        beta: Tensor<Self, 1>,
        epsilon: f64,
    ) -> (Tensor<Self, 3>, Tensor<Self, 1>, Tensor<Self, 1>) {
        compose::batch_norm(x, gamma, beta, epsilon)
    }

    /// See [`compose::conv3x3`].
    fn vit_conv3x3(x: Tensor<Self, 3>, weight: Tensor<Self, 4>, window: Window) -> Tensor<Self, 3> {
        compose::conv3x3(x, weight, window)
    }

    /// See [`compose::depthwise3x3`].
    fn vit_depthwise3x3(
        x: Tensor<Self, 3>,
        weight: Tensor<Self, 4>,
        bias: Option<Tensor<Self, 1>>,
        sides: [usize; 2],
    ) -> Tensor<Self, 3> {
        compose::depthwise3x3(x, weight, bias, sides)
    }

    /// See [`compose::attention`].
    fn vit_attention(
        query: Tensor<Self, 3>,
        key: Tensor<Self, 3>,
        value: Tensor<Self, 3>,
        heads: usize,
    ) -> Tensor<Self, 3> {
        compose::attention(query, key, value, heads)
    }
}

impl VitBackend for NdArray {}

impl VitBackend for Flex {}

impl<B: VitBackend, C: CheckpointStrategy> VitBackend for Autodiff<B, C> {}
