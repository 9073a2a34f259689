//! A set of kernels as a value.

use super::operand::{Activation, Attention, Linear, Norm, NormAffine, Skip};
use crate::format::I32Le;
use crate::window::{Band, Windows};

/// One set of kernels; the contracts are those of the functions in [`scalar`](super::scalar).
#[derive(Clone, Copy)]
pub struct Kernels {
    /// Name of the set.
    pub name: &'static str,
    /// [`scalar::linear_i8`](super::scalar::linear_i8).
    #[doc(hidden)]
    pub linear_i8: fn(&[i8], &Linear<'_>, &Activation<'_>, &mut [i8]),
    /// [`scalar::linear_skip_i8`](super::scalar::linear_skip_i8).
    #[doc(hidden)]
    pub linear_skip_i8: fn(&[i8], &Linear<'_>, &Skip, &mut [i8]),
    /// [`scalar::linear_add_i16`](super::scalar::linear_add_i16).
    #[doc(hidden)]
    pub linear_add_i16: fn(&[i8], &Linear<'_>, &mut [i16]),
    /// [`scalar::logits_i32`](super::scalar::logits_i32).
    #[doc(hidden)]
    pub logits_i32: fn(&[i32], &[i8], I32Le<'_>, &mut [i32]),
    /// [`scalar::logits_i8`](super::scalar::logits_i8).
    #[doc(hidden)]
    pub logits_i8: fn(&[i8], &[i8], I32Le<'_>, &mut [i32]),
    /// [`scalar::depthwise_i8`](super::scalar::depthwise_i8).
    #[doc(hidden)]
    pub depthwise_i8: fn(&[i8], &Band, i8, &Linear<'_>, &Activation<'_>, &mut [i8]),
    /// [`scalar::layer_norm_i8`](super::scalar::layer_norm_i8).
    #[doc(hidden)]
    pub layer_norm_i8: fn(&[i16], usize, &Norm, &mut [i8]),
    /// [`scalar::layer_norm_affine_i8`](super::scalar::layer_norm_affine_i8).
    #[doc(hidden)]
    pub layer_norm_affine_i8: fn(&[i16], &NormAffine<'_>, &mut [i8]),
    /// [`scalar::attention_i8`](super::scalar::attention_i8).
    #[doc(hidden)]
    pub attention_i8: fn(&mut [i8], &Attention, &mut [i32]),
    /// [`scalar::pool_i32`](super::scalar::pool_i32).
    #[doc(hidden)]
    pub pool_i32: fn(&[i8], i8, &mut [i32]),
    /// How the set packs weights; `None` if it reads them in the order of a blob.
    #[doc(hidden)]
    pub packing: Option<Packing>,
    /// How the set convolves a grid; `None` if the caller copies the windows (im2col) and calls
    /// [`Self::linear_i8`] or [`Self::linear_add_i16`].
    #[doc(hidden)]
    pub conv: Option<Conv>,
}

/// How a set convolves a grid with a 3×3 window without a copy of each window. A function returns
/// `true` if it wrote all outputs, `false` if it wrote none because the shape does not suit it.
#[derive(Clone, Copy)]
pub struct Conv {
    /// [`scalar::linear_i8`](super::scalar::linear_i8) over the windows of the rows that are written.
    pub conv_i8: fn(&Windows<'_, i8>, &Linear<'_>, &Activation<'_>, &mut [i8]) -> bool,
    /// [`scalar::linear_add_i16`](super::scalar::linear_add_i16) over the same windows.
    pub conv_add_i16: fn(&Windows<'_, i8>, &Linear<'_>, &mut [i16]) -> bool,
}

/// How a set packs the weights of a layer into memory of the caller.
#[derive(Clone, Copy)]
pub struct Packing {
    /// Number of bytes of a packed layer, a multiple of 64; 0 if the set does not read this layer
    /// packed. The second argument is the number of inputs that lie side by side in memory: all
    /// inputs of the layer, or those of one row of a window.
    pub len: fn(&Linear<'_>, usize) -> usize,
    /// Packs a layer into memory of that length. The arguments are those of [`Self::len`], then the
    /// memory, aligned to 64 bytes.
    pub pack: fn(&Linear<'_>, usize, &mut [u8]),
}

/// Alignment of packed weights: a cache line.
#[cfg(target_arch = "x86_64")]
#[doc(hidden)]
pub const PACKED_ALIGN: usize = 64;

impl core::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Kernels({})", self.name)
    }
}
