//! Multi-head self-attention. The width of a head is independent of the width of a token.

use burn::module::Module;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::VitConfig;
use runtime::site::BlockSite;

use super::init::Init;
use ops::{self, AttentionLayers, Exponentials, VitBackend};

/// Softmax attention over all tokens with biased projections.
#[derive(Module, Debug)]
pub struct Attention<B: Backend> {
    /// `[dim, heads · head_dim]`; the columns of one head are adjacent.
    pub query: Linear<B>,
    /// As `query`.
    pub key: Linear<B>,
    /// As `query`.
    pub value: Linear<B>,
    /// `[heads · head_dim, dim]`.
    pub output: Linear<B>,
    #[module(skip)]
    heads: usize,
}

impl<B: Backend> Attention<B> {
    pub(crate) fn new(config: &VitConfig, init: &mut Init<'_, B>) -> Self {
        let (dim, width) = (config.dim(), config.attention_dim());
        Self {
            query: init.linear(dim, width),
            key: init.linear(dim, width),
            value: init.linear(dim, width),
            output: init.linear(width, dim),
            heads: config.heads(),
        }
    }

    /// The layers and the normalisation before them, for [`ops::attention_branch`].
    pub(super) const fn layers<'a>(
        &'a self,
        norm: &'a LayerNorm<B>,
        epsilon: f64,
    ) -> AttentionLayers<'a, B> {
        AttentionLayers {
            norm,
            epsilon,
            query: &self.query,
            key: &self.key,
            value: &self.value,
            output: &self.output,
            heads: self.heads,
        }
    }
}

impl<B: VitBackend> Attention<B> {
    /// `[batch, tokens, dim]` to the same shape.
    pub(crate) fn forward(
        &self,
        x: Tensor<B, 3>,
        exponentials: Exponentials,
        mut pass: impl FnMut(BlockSite, Tensor<B, 3>) -> Tensor<B, 3>,
    ) -> Tensor<B, 3> {
        // [batch, tokens, heads · head_dim]
        let query = pass(BlockSite::Query, ops::linear(x.clone(), &self.query));
        let key = pass(BlockSite::Key, ops::linear(x.clone(), &self.key));
        let value = pass(BlockSite::Value, ops::linear(x, &self.value));
        let context = ops::attention(query, key, value, self.heads, exponentials);
        let context = pass(BlockSite::Context, context);
        ops::linear(context, &self.output) // [batch, tokens, dim]
    }
}
