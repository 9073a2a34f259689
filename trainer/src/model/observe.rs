//! Who listens to the intermediate values of a forward pass.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use runtime::site::SiteId;

/// Sees the value at each site as `[batch, positions, channels]`, in the order of the pass.
pub(crate) trait Observer<B: Backend> {
    /// Receives one value.
    fn see(&mut self, site: SiteId, value: &Tensor<B, 3>);
}

/// Listens to nothing: the plain forward pass.
pub(crate) struct Silent;

impl<B: Backend> Observer<B> for Silent {
    #[inline(always)]
    fn see(&mut self, _site: SiteId, _value: &Tensor<B, 3>) {}
}

/// Hands every value to a callback.
pub(crate) struct Callback<'a, B: Backend>(pub(crate) &'a mut dyn FnMut(SiteId, Tensor<B, 3>));

impl<B: Backend> Observer<B> for Callback<'_, B> {
    fn see(&mut self, site: SiteId, value: &Tensor<B, 3>) {
        (self.0)(site, value.clone());
    }
}
