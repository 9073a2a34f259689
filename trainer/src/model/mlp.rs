//! The two-layer perceptron of a block.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::VitConfig;
use runtime::site::BlockSite;

use super::dropout::Dropout;
use super::init::Init;
use ops::{self, MlpLayers, VitBackend};

/// `W2·gelu(h + depthwise(h))` with `h = W1·x`, and GELU once more if the network has a second GELU.
#[derive(Module, Debug)]
pub struct Mlp<B: Backend> {
    /// `[dim, mlp_dim]`.
    pub linear1: Linear<B>,
    /// Over the token grid; `None` if the network has none.
    pub depthwise: Option<Depthwise<B>>,
    /// `[mlp_dim, dim]`.
    pub linear2: Linear<B>,
    #[module(skip)]
    dropout: Dropout,
    #[module(skip)]
    second_gelu: bool,
}

/// A biased depthwise 3×3 convolution over the token grid.
#[derive(Module, Debug)]
pub struct Depthwise<B: Backend> {
    /// `[mlp_dim, 1, 3, 3]`.
    pub weight: Param<Tensor<B, 4>>,
    /// `[mlp_dim]`.
    pub bias: Param<Tensor<B, 1>>,
    #[module(skip)]
    sides: [usize; 2],
}

impl<B: Backend> Mlp<B> {
    pub(crate) fn new(config: &VitConfig, dropout: f64, init: &mut Init<'_, B>) -> Self {
        let (dim, mlp_dim, spec) = (config.dim(), config.mlp_dim(), config.spec().mlp);
        let linear1 = init.linear(dim, mlp_dim);
        let grid = config.token_grid().filter(|_| spec.depthwise);
        let depthwise = grid.map(|grid| Depthwise {
            weight: init.depthwise(mlp_dim),
            bias: init.bias(mlp_dim),
            sides: [grid.height, grid.width],
        });
        let linear2 = init.linear(mlp_dim, dim);
        let dropout = init.dropout(dropout);
        Self { linear1, depthwise, linear2, dropout, second_gelu: spec.second_gelu }
    }

    pub(super) fn start_epoch(&self, epoch: u64) {
        self.dropout.start_epoch(epoch);
    }

    /// Whether single values are dropped.
    pub(super) fn drops(&self, device: &B::Device) -> bool {
        self.dropout.is_active::<B>(device)
    }

    /// The layers and the normalisation before them, for [`ops::mlp_branch`].
    pub(super) fn layers<'a>(&'a self, norm: &'a LayerNorm<B>, epsilon: f64) -> MlpLayers<'a, B> {
        let depthwise = self.depthwise.as_ref();
        MlpLayers {
            norm,
            epsilon,
            linear1: &self.linear1,
            depthwise: depthwise.map(|layer| (layer.weight.val(), layer.bias.val(), layer.sides)),
            linear2: &self.linear2,
            second_gelu: self.second_gelu,
        }
    }
}

impl<B: VitBackend> Mlp<B> {
    /// `[batch, tokens, dim]` to the same shape.
    pub(crate) fn forward(
        &self,
        x: Tensor<B, 3>,
        mut pass: impl FnMut(BlockSite, Tensor<B, 3>) -> Tensor<B, 3>,
    ) -> Tensor<B, 3> {
        // [batch, tokens, mlp_dim]
        let mut h = pass(BlockSite::Mlp1, ops::linear(x, &self.linear1));
        if let Some(depthwise) = &self.depthwise {
            let (weight, bias) = (depthwise.weight.val(), depthwise.bias.val());
            h = h.clone() + ops::depthwise3x3(h, weight, Some(bias), depthwise.sides);
            h = pass(BlockSite::Depthwise, h);
        }
        let h = pass(BlockSite::Gelu, ops::gelu(h));
        let y = ops::linear(self.dropout.forward(h), &self.linear2); // [batch, tokens, dim]
        let y = if self.second_gelu { ops::gelu(pass(BlockSite::Mlp2, y)) } else { y };
        self.dropout.forward(y)
    }
}
