//! Callbacks that read or replace the intermediate values of a forward pass.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::site::SiteId;

use super::init::LAYER_NORM_EPSILON;
use ops::Exponentials;

/// Receives the value at each site as `[batch, positions, channels]`, in the order of the pass.
pub(crate) trait Observer<B: Backend> {
    /// Whether values are neither read nor replaced. Then several steps may be one fused operation.
    const SILENT: bool = false;

    /// Receives one value and returns the value with which the pass continues.
    fn pass(&mut self, site: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3>;

    /// Receives what a residual stage of the stem adds to its last convolution, before the sum.
    fn shortcut(&mut self, _sum: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        value
    }

    /// How softmax is computed in a block. Its intermediate values have no site.
    fn exponentials(&self, _block: usize) -> Exponentials {
        Exponentials::Exact
    }

    /// The epsilon that normalisations add to variances.
    fn norm_epsilon(&self) -> f64 {
        LAYER_NORM_EPSILON
    }
}

/// Changes nothing: the plain forward pass.
pub(crate) struct Silent;

impl<B: Backend> Observer<B> for Silent {
    const SILENT: bool = true;

    #[inline(always)]
    fn pass(&mut self, _site: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        value
    }
}

/// Keeps the output of the last normalisation.
pub(crate) struct KeepTokens<B: Backend> {
    /// `[batch, tokens, dim]`, after the pass.
    pub(crate) tokens: Option<Tensor<B, 3>>,
}

impl<B: Backend> Observer<B> for KeepTokens<B> {
    const SILENT: bool = true;

    #[inline(always)]
    fn pass(&mut self, site: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        if site == SiteId::Norm {
            self.tokens = Some(value.clone());
        }
        value
    }
}

/// Replaces each value by the value that a callback returns for it.
pub(crate) struct Replace<'a, B: Backend> {
    pub(crate) replace: &'a mut dyn FnMut(SiteId, Tensor<B, 3>) -> Tensor<B, 3>,
}

impl<B: Backend> Observer<B> for Replace<'_, B> {
    fn pass(&mut self, site: SiteId, value: Tensor<B, 3>) -> Tensor<B, 3> {
        (self.replace)(site, value)
    }
}
