//! The class head: pooled tokens to logits.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::config::VitConfig;
use runtime::site::SiteId;

use super::dropout::Dropout;
use super::init::Init;
use super::observe::Observer;
use ops::{self, VitBackend};

/// Linear layers with GELU between them; the last one gives the logits.
#[derive(Module, Debug)]
pub struct Head<B: Backend> {
    /// At least one: the hidden layers, then the one to `classes`.
    pub layers: Vec<Linear<B>>,
    #[module(skip)]
    dropout: Dropout,
}

impl<B: Backend> Head<B> {
    pub(crate) fn new(config: &VitConfig, dropout: f64, init: &mut Init<'_, B>) -> Self {
        let hidden = config.spec().hidden.iter().map(|&width| usize::from(width));
        let mut inputs = config.pooled_len();
        let layers = hidden
            .chain([config.classes()])
            .map(|outputs| init.linear(core::mem::replace(&mut inputs, outputs), outputs))
            .collect();
        Self { layers, dropout: init.dropout(dropout) }
    }

    pub(super) fn start_epoch(&self, epoch: u64) {
        self.dropout.start_epoch(epoch);
    }
}

impl<B: VitBackend> Head<B> {
    /// `[batch, n, pooled_len]` to `[batch, n, classes]`; `n` is 1, or the number of regions.
    pub(crate) fn forward(
        &self,
        pooled: Tensor<B, 3>,
        observer: &mut impl Observer<B>,
    ) -> Tensor<B, 3> {
        let mut x = self.dropout.forward(pooled);
        for (index, layer) in self.layers.iter().enumerate() {
            x = ops::linear(x, layer);
            if index + 1 < self.layers.len() {
                x = observer.pass(SiteId::HeadHidden(index as u8), x);
                x = observer.pass(SiteId::HeadGelu(index as u8), ops::gelu(x));
                x = self.dropout.forward(x);
            }
        }
        observer.pass(SiteId::Logits, x)
    }
}
