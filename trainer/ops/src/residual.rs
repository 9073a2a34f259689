//! The sum of a residual branch with its input.

use crate::kernels::vectorised::vectorised;

/// Values that are processed together: a dozen buffers of this length fit into the cache of a core.
const GROUP_VALUES: usize = 1 << 14;

/// Number of images to process together, at least 1, if a buffer holds `image_len` values of each.
pub(super) fn group(image_len: usize) -> usize {
    (GROUP_VALUES / image_len).max(1)
}

/// The factor of each image's branch in training with stochastic depth; none if no branch is dropped.
#[derive(Clone, Debug, Default)]
pub struct Factors(pub Option<Vec<f32>>);

impl Factors {
    /// Turns the branch of images from `first` on into their sum with `x`.
    pub(super) fn join(&self, first: usize, x: &[f32], image_len: usize, branch: &mut [f32]) {
        match &self.0 {
            None => add(x, branch),
            Some(factors) => scale_add(&factors[first..], x, image_len, branch),
        }
    }

    /// Writes the gradient of the branch of images from `first` on.
    pub(super) fn branch(&self, first: usize, grad: &[f32], image_len: usize, out: &mut [f32]) {
        match &self.0 {
            None => out.copy_from_slice(grad),
            Some(factors) => scale(&factors[first..], grad, image_len, out),
        }
    }
}

vectorised! {
    fn add(x: &[f32], out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += x;
        }
    }

    fn scale_add(factors: &[f32], x: &[f32], len: usize, out: &mut [f32]) {
        for ((out, x), factor) in out.chunks_mut(len).zip(x.chunks(len)).zip(factors) {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x + *out * factor;
            }
        }
    }

    fn scale(factors: &[f32], x: &[f32], len: usize, out: &mut [f32]) {
        for ((out, x), factor) in out.chunks_mut(len).zip(x.chunks(len)).zip(factors) {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x * factor;
            }
        }
    }
}
