//! Portable kernels, compiled for AVX2.

use crate::format::I32Le;
use crate::kernels::{generic, scalar};

/// Same contract as [`scalar::logits_i8`].
pub(super) fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    #[target_feature(enable = "avx2")]
    fn wide(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
        generic::logits_i8(x, w, bias, out);
    }
    // SAFETY: `sets` returns a set only if the processor has AVX2.
    unsafe { wide(x, w, bias, out) }
}

/// Same contract as [`scalar::pool_i32`].
pub(super) fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    #[target_feature(enable = "avx2")]
    fn wide(x: &[i8], zero_point: i8, out: &mut [i32]) {
        scalar::pool_i32(x, zero_point, out);
    }
    // SAFETY: `sets` returns a set only if the processor has AVX2.
    unsafe { wide(x, zero_point, out) }
}
