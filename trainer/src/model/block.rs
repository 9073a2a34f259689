//! One pre-norm transformer block.

use burn::module::Module;
use burn::nn::LayerNorm;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::VitConfig;
use runtime::site::{BlockSite, SiteId};

use super::attention::Attention;
use super::dropout::{Dropout, DropoutRates};
use super::init::Init;
use super::mlp::Mlp;
use super::observe::Observer;
use ops::{self, VitBackend};

/// `x += attention(norm1(x)); x += mlp(norm2(x))`.
#[derive(Module, Debug)]
pub struct Block<B: Backend> {
    /// Epsilon 1e-6.
    pub norm1: LayerNorm<B>,
    /// Multi-head self-attention.
    pub attention: Attention<B>,
    /// Epsilon 1e-6.
    pub norm2: LayerNorm<B>,
    /// Two-layer perceptron.
    pub mlp: Mlp<B>,
    #[module(skip)]
    path: Dropout,
}

impl<B: Backend> Block<B> {
    /// Block `index` of `config`. The rate of stochastic depth grows linearly up to the last block.
    pub(crate) fn new(
        config: &VitConfig,
        index: usize,
        rates: DropoutRates,
        init: &mut Init<'_, B>,
    ) -> Self {
        let path = rates.path * (index + 1) as f64 / config.depth() as f64;
        Self {
            norm1: init.layer_norm(config.dim()),
            attention: Attention::new(config, init),
            norm2: init.layer_norm(config.dim()),
            mlp: Mlp::new(config, rates.mlp, init),
            path: init.dropout(path),
        }
    }

    pub(super) fn start_epoch(&self, epoch: u64) {
        self.mlp.start_epoch(epoch);
        self.path.start_epoch(epoch);
    }
}

impl<B: VitBackend> Block<B> {
    /// `[batch, tokens, dim]` to the same shape.
    pub(crate) fn forward<O: Observer<B>>(
        &self,
        x: Tensor<B, 3>,
        index: usize,
        observer: &mut O,
    ) -> Tensor<B, 3> {
        if O::SILENT && !self.mlp.drops(&x.device()) {
            return self.forward_silent(x, observer.norm_epsilon());
        }
        let exponentials = observer.exponentials(index);
        let epsilon = observer.norm_epsilon();
        let mut pass = |at, value| observer.pass(SiteId::Block { block: index as u8, at }, value);
        let normed = pass(BlockSite::Norm1, ops::layer_norm(x.clone(), &self.norm1, epsilon));
        let branch = self.attention.forward(normed, exponentials, &mut pass);
        let x = x + self.path.forward_whole(branch);
        let x = pass(BlockSite::Attention, x);
        let normed = pass(BlockSite::Norm2, ops::layer_norm(x.clone(), &self.norm2, epsilon));
        let x = x + self.path.forward_whole(self.mlp.forward(normed, &mut pass));
        pass(BlockSite::Output, x)
    }

    /// As [`forward`](Self::forward) without an observer, so that each branch is one operation.
    fn forward_silent(&self, x: Tensor<B, 3>, epsilon: f64) -> Tensor<B, 3> {
        let ([batch, ..], device) = (x.dims(), x.device());
        let factors = || self.path.factors::<B>(batch, &device);
        let attention = self.attention.layers(&self.norm1, epsilon);
        let x = ops::attention_branch(x, &attention, factors()); // [batch, tokens, dim]
        ops::mlp_branch(x, &self.mlp.layers(&self.norm2, epsilon), factors())
    }
}
