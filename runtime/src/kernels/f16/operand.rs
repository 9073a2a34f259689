//! Operands of the kernels: weights borrowed from the blob, and their sizes.

use crate::format::{F16Le, F32Le};

/// A layer: `n` outputs over `k` inputs.
#[derive(Clone, Copy, Debug)]
pub struct F16Linear<'a> {
    /// `[n, k]`; a depthwise convolution has `[9, n]`.
    pub weights: F16Le<'a>,
    /// `[n]`.
    pub bias: F32Le<'a>,
    /// Number of inputs of one output.
    pub k: usize,
}

impl F16Linear<'_> {
    /// Number of outputs, `n`.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }
}

/// A layer normalisation of rows of `gamma.len()` values.
#[derive(Clone, Copy, Debug)]
pub struct F16Norm<'a> {
    /// Factor of each channel.
    pub gamma: F32Le<'a>,
    /// Summand of each channel, as many as factors.
    pub beta: F32Le<'a>,
}

/// The shape of an attention.
#[derive(Clone, Copy, Debug)]
pub struct F16Attention {
    /// Number of heads.
    pub heads: usize,
    /// Width of a head, at most 128.
    pub head_dim: usize,
}
