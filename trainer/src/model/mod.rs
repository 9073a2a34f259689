//! The network as a burn module, built from a [`VitConfig`] alone.
//!
//! Every activation inside is `[batch, positions, channels]`, which is also the order of the runtime: grids
//! row by row with channels last, vectors as one position.

mod attention;
mod block;
mod dropout;
mod head;
mod init;
mod mlp;
mod observe;
mod patch;
mod stem;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::LayerNorm;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::{Pool, VitConfig};
use runtime::site::SiteId;

pub use attention::Attention;
pub use block::Block;
pub use head::Head;
pub use init::{BATCH_NORM_EPSILON, LAYER_NORM_EPSILON};
pub use mlp::{Depthwise, Mlp};
pub use patch::PatchEmbed;
pub use stem::{ConvNorm, ConvStem, Stage, Stem};

use dropout::Dropout;
pub use dropout::DropoutRates;
use init::Init;
pub(crate) use observe::Observer;
use observe::{KeepTokens, Replace, Silent};
use ops::{self, VitBackend};

/// A vision transformer of the family.
#[derive(Module, Debug)]
pub struct Vit<B: Backend> {
    /// Pixels to tokens.
    pub stem: Stem<B>,
    /// Position embedding `[tokens, dim]`.
    pub position: Param<Tensor<B, 2>>,
    /// The blocks in order.
    pub blocks: Vec<Block<B>>,
    /// The last normalisation; epsilon 1e-6.
    pub norm: LayerNorm<B>,
    /// Pooled tokens to logits.
    pub head: Head<B>,
    #[module(skip)]
    dropout: Dropout,
    #[module(skip)]
    pool: Pool,
}

impl<B: Backend> Vit<B> {
    /// A network with seeded starting values: the same on every backend.
    pub fn new(config: &VitConfig, rates: DropoutRates, seed: u64, device: &B::Device) -> Self {
        Self::build(config, rates, &mut Init::seeded(seed, device))
    }

    /// A network of zeros, for values that are about to be loaded.
    pub(crate) fn zeros(config: &VitConfig, device: &B::Device) -> Self {
        Self::build(config, DropoutRates::default(), &mut Init::zeros(device))
    }

    /// Number of trained values; the running statistics of batch normalisation are not trained.
    pub fn parameters(&self) -> u64 {
        let mut count = Count::default();
        self.visit(&mut count);
        count.total
    }

    /// The operation that turns all tokens into one vector.
    pub(crate) const fn pool(&self) -> Pool {
        self.pool
    }

    /// Seeds the random draws of an epoch, so that they depend only on the seed and the epoch.
    pub(crate) fn start_epoch(&self, epoch: usize) {
        let epoch = epoch as u64;
        self.dropout.start_epoch(epoch);
        self.blocks.iter().for_each(|block| block.start_epoch(epoch));
        self.head.start_epoch(epoch);
    }

    fn build(config: &VitConfig, rates: DropoutRates, init: &mut Init<'_, B>) -> Self {
        Self {
            stem: Stem::new(config, init),
            position: init.position(config.tokens(), config.dim()),
            blocks: (0..config.depth())
                .map(|index| Block::new(config, index, rates, init))
                .collect(),
            norm: init.layer_norm(config.dim()),
            head: Head::new(config, rates.head, init),
            dropout: init.dropout(rates.embed),
            pool: config.spec().pool,
        }
    }
}

impl<B: VitBackend> Vit<B> {
    /// Normalised images `[batch, 3, height, width]` to logits `[batch, classes]`.
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        self.pass(images, &mut Silent)
    }

    /// As [`forward`](Self::forward), with the tokens that the pool takes, `[batch, tokens, dim]`.
    ///
    /// # Panics
    /// Never: every pass has a last normalisation.
    pub(crate) fn forward_with_tokens(&self, images: Tensor<B, 4>) -> (Tensor<B, 2>, Tensor<B, 3>) {
        let mut keep = KeepTokens { tokens: None };
        let logits = self.pass(images, &mut keep);
        (logits, keep.tokens.expect("a pass has a last normalisation"))
    }

    /// The logits `[batch, classes]` of the tokens that the pool takes, `[batch, tokens, dim]`.
    pub(crate) fn logits(&self, tokens: Tensor<B, 3>) -> Tensor<B, 2> {
        self.classify(tokens, &mut Silent)
    }

    /// The logits `[batch, regions, classes]` of pooled tokens `[batch, regions, dim]`.
    pub(crate) fn head_logits(&self, pooled: Tensor<B, 3>) -> Tensor<B, 3> {
        self.head.forward(pooled, &mut Silent)
    }

    /// As [`forward`](Self::forward), reporting each [`SiteId`] of the pass in its order as
    /// `[batch, positions, channels]`: grids row by row, vectors as one position.
    pub fn forward_observed(
        &self,
        images: Tensor<B, 4>,
        observe: &mut dyn FnMut(SiteId, Tensor<B, 3>),
    ) -> Tensor<B, 2> {
        self.forward_replaced(images, &mut |site, value| {
            observe(site, value.clone());
            value
        })
    }

    /// As [`forward_observed`](Self::forward_observed), but each site continues with the value that
    /// `replace` returns for it. The shape must stay the same.
    pub fn forward_replaced(
        &self,
        images: Tensor<B, 4>,
        replace: &mut dyn FnMut(SiteId, Tensor<B, 3>) -> Tensor<B, 3>,
    ) -> Tensor<B, 2> {
        self.pass(images, &mut Replace { replace })
    }

    /// Normalised images to logits; each site continues with the value that `observer` returns.
    pub(crate) fn pass(
        &self,
        images: Tensor<B, 4>,
        observer: &mut impl Observer<B>,
    ) -> Tensor<B, 2> {
        // [batch, height · width, channels]
        let pixels = observer.pass(SiteId::Input, ops::channels_last(images));
        let x = self.stem.forward(pixels, observer); // [batch, tokens, dim]
        let x = observer.pass(SiteId::Embed, ops::add_to_images(x, self.position.val()));
        let mut x = self.dropout.forward(x);
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, index, observer); // [batch, tokens, dim]
        }
        let x =
            observer.pass(SiteId::Norm, ops::layer_norm(x, &self.norm, observer.norm_epsilon()));
        self.classify(x, observer)
    }

    /// Normalised tokens `[batch, tokens, dim]` to logits `[batch, classes]`.
    fn classify(&self, x: Tensor<B, 3>, observer: &mut impl Observer<B>) -> Tensor<B, 2> {
        let pooled = match self.pool {
            Pool::Mean => ops::mean_positions(x), // [batch, 1, dim]
            Pool::Flatten => x.flatten::<2>(1, 2).unsqueeze_dim(1), // [batch, 1, tokens · dim]
        };
        let pooled = observer.pass(SiteId::Pool, pooled);
        self.head.forward(pooled, observer).squeeze_dim(1) // [batch, classes]
    }
}

/// Adds up sizes of parameters that are trained.
#[derive(Default)]
struct Count {
    total: u64,
    running: bool,
}

impl<B: Backend> ModuleVisitor<B> for Count {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.running = matches!(name, "running_mean" | "running_var");
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if !self.running {
            self.total += param.lazy_shape().num_elements() as u64;
        }
    }
}

#[cfg(test)]
mod tests;
