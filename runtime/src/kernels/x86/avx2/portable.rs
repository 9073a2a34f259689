//! Portable kernels, compiled for AVX2.

use crate::format::I32Le;
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Norm};
use crate::window::Band;

/// Same contract as [`scalar::logits_i8`](crate::kernels::scalar::logits_i8).
pub(super) fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    #[target_feature(enable = "avx2")]
    fn wide(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
        generic::logits_i8(x, w, bias, out);
    }
    // SAFETY: `sets` returns this set only if the processor has AVX2.
    unsafe { wide(x, w, bias, out) }
}

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    #[target_feature(enable = "avx2")]
    fn wide(
        x: &[i8],
        band: &Band,
        pad: i8,
        layer: &Linear<'_>,
        activation: &Activation<'_>,
        out: &mut [i8],
    ) {
        generic::depthwise_i8(x, band, pad, layer, activation, out);
    }
    // SAFETY: `sets` returns this set only if the processor has AVX2.
    unsafe { wide(x, band, pad, layer, activation, out) }
}

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    #[target_feature(enable = "avx2")]
    fn wide(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
        generic::layer_norm_i8(x, dim, norm, out);
    }
    // SAFETY: `sets` returns this set only if the processor has AVX2.
    unsafe { wide(x, dim, norm, out) }
}
