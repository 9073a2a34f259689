//! Layer normalisation on AVX-512: sixteen values a vector.

use super::super::{Norm, scalar};
use super::avx512_vnni::lanes;
use super::panel::CHANNELS;
use crate::fixed::RowScale;
use crate::rows::{rows, rows_mut};
use core::arch::x86_64::*;

/// Same contract as [`scalar::layer_norm_i8`].
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { normalise(x, dim, norm, out) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn normalise(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = u32::from(norm.shift.clamp(7, 37)) + 25;
    let half = _mm512_set1_epi64(1 << (shift - 1));
    let shift = _mm512_set1_epi64(shift.into());
    let zero_point = _mm512_set1_epi32(norm.zero_point.into());
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row: RowScale = scalar::row_scale(x, norm.eps);
        let mult = _mm512_set1_epi64(row.times(norm.mult).into());
        let (n, sum, left) = row.parts();
        let (n, sum) = (_mm512_set1_epi32(n), _mm512_set1_epi32(sum));
        let left = _mm_cvtsi32_si128(left.cast_signed());
        for (x, out) in x.chunks(CHANNELS).zip(out.chunks_mut(CHANNELS)) {
            let mask = lanes(x.len());
            // SAFETY: the mask has one bit for each value, at most sixteen.
            let x = unsafe { _mm256_maskz_loadu_epi16(mask, x.as_ptr()) };
            let d = _mm512_sub_epi32(_mm512_mullo_epi32(_mm512_cvtepi16_epi32(x), n), sum);
            let e = _mm512_sll_epi32(d, left);
            let rescale = |e| {
                let product = _mm512_add_epi64(_mm512_mul_epi32(e, mult), half);
                _mm512_srav_epi64(product, shift)
            };
            let (even, odd) = (rescale(e), rescale(_mm512_srli_epi64::<32>(e)));
            let scaled = _mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64::<32>(odd));
            let q = _mm512_cvtsepi32_epi8(_mm512_add_epi32(scaled, zero_point));
            // SAFETY: as for the load; `out` has as many values as `x`.
            unsafe { _mm_mask_storeu_epi8(out.as_mut_ptr(), mask, q) };
        }
    }
}
