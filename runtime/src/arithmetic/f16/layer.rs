//! Layers of the f16 arithmetic: weights borrowed from the blob, and their sizes.

use crate::format::{F16Le, F32Le};

/// A layer: `n` outputs over `k` inputs.
#[derive(Clone, Copy, Debug)]
pub struct F16Linear<'a> {
    /// `[n, k]`; a depthwise convolution has `[9, n]`.
    pub(super) weights: F16Le<'a>,
    /// `[n]`.
    pub(super) bias: F32Le<'a>,
    pub(super) k: usize,
}

/// Whether GELU follows a layer.
#[derive(Clone, Copy, Debug)]
pub struct F16Activation {
    pub(super) gelu: bool,
}

/// A layer normalisation.
#[derive(Clone, Copy, Debug)]
pub struct F16Norm<'a> {
    pub(super) gamma: F32Le<'a>,
    pub(super) beta: F32Le<'a>,
}

/// The shape of an attention.
#[derive(Clone, Copy, Debug)]
pub struct F16Attention {
    pub(super) heads: usize,
    pub(super) head_dim: usize,
}
