//! The layers of a residual branch, as the branch operations take them.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// The layers of the attention branch.
#[derive(Clone, Copy, Debug)]
pub struct AttentionLayers<'a, B: Backend> {
    /// Before the branch.
    pub norm: &'a LayerNorm<B>,
    /// What the normalisation adds to variances.
    pub epsilon: f64,
    /// `[channels, heads · head_dim]`, as key and value.
    pub query: &'a Linear<B>,
    /// See `query`.
    pub key: &'a Linear<B>,
    /// See `query`.
    pub value: &'a Linear<B>,
    /// `[heads · head_dim, channels]`.
    pub output: &'a Linear<B>,
    /// Number of heads.
    pub heads: usize,
}

/// The layers of the MLP branch.
#[derive(Clone, Debug)]
pub struct MlpLayers<'a, B: Backend> {
    /// Before the branch.
    pub norm: &'a LayerNorm<B>,
    /// What the normalisation adds to variances.
    pub epsilon: f64,
    /// `[channels, hidden]`.
    pub linear1: &'a Linear<B>,
    /// Weight `[hidden, 1, 3, 3]`, bias `[hidden]` and sides of the token grid.
    pub depthwise: Option<(Tensor<B, 4>, Tensor<B, 1>, [usize; 2])>,
    /// `[hidden, channels]`.
    pub linear2: &'a Linear<B>,
    /// Whether GELU follows the second layer too.
    pub second_gelu: bool,
}
