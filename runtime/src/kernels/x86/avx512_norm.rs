//! Layer normalisation and pool on AVX-512.

use super::super::{Norm, NormAffine, scalar};
use super::avx512_vector::{
    BYTES, LANES, Rescale, load_halves, load_words, pack, store_bytes, widen_halves,
};
use crate::fixed::RowScale;
use crate::rows::{rows, rows_mut};
use core::arch::x86_64::*;

/// Rows whose scales are computed together.
const ROWS: usize = 16;

/// Same contract as [`scalar::layer_norm_i8`].
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { normalise(x, dim, norm, out) };
}

/// Same contract as [`scalar::layer_norm_affine_i8`].
pub(super) fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { normalise_affine(x, norm, out) };
}

/// Same contract as [`scalar::pool_i32`].
pub(super) fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn wide(x: &[i8], zero_point: i8, out: &mut [i32]) {
        scalar::pool_i32(x, zero_point, out);
    }
    // SAFETY: `sets` gives out this set only where the processor has every feature named above.
    unsafe { wide(x, zero_point, out) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn normalise(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let mut scales = [RowScale::new(1, 0, 0, 1); ROWS];
    for (x, out) in x.chunks((ROWS * dim).max(1)).zip(out.chunks_mut((ROWS * dim).max(1))) {
        // All scales first: each is a chain of dependent steps, and those of several rows overlap.
        for (scale, x) in scales.iter_mut().zip(rows(x, dim)) {
            *scale = row_scale(x, norm.eps);
        }
        for ((x, out), row) in rows(x, dim).zip(rows_mut(out, dim)).zip(scales) {
            let rescale = Rescale::uniform(_mm512_set1_epi32(row.times(norm.mult)), shift);
            let centre = Centre::new(row);
            for (x, out) in x.chunks(BYTES).zip(out.chunks_mut(BYTES)) {
                // Not in a loop, so that nothing leaves the registers.
                let value = |first: usize| {
                    let x = widen_halves(x.get(first..).unwrap_or(&[]));
                    rescale.apply(centre.apply(x))
                };
                let values = [value(0), value(LANES), value(2 * LANES), value(3 * LANES)];
                store_bytes(pack(values, norm.zero_point), out);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn normalise_affine(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    let half = _mm512_set1_epi32(1 << (shift - 1));
    let shift = _mm_cvtsi32_si128(shift.into());
    let (low, high) = (_mm512_set1_epi32(i16::MIN.into()), _mm512_set1_epi32(i16::MAX.into()));
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        let fraction = Rescale::uniform(_mm512_set1_epi32(row.y().cast_signed()), 46);
        let centre = Centre::new(row);
        for (index, (x, out)) in x.chunks(BYTES).zip(out.chunks_mut(BYTES)).enumerate() {
            let mut values = [_mm512_setzero_si512(); 4];
            for (vector, (value, x)) in values.iter_mut().zip(x.chunks(LANES)).enumerate() {
                let first = index * BYTES + vector * LANES;
                let t = fraction.apply(centre.apply(widen_halves(x)));
                let t = _mm512_max_epi32(_mm512_min_epi32(t, high), low);
                let gamma = widen_words(norm.gamma.halves(first, LANES));
                let beta = load_words(norm.beta.words(first, LANES));
                let scaled = _mm512_add_epi32(_mm512_mullo_epi32(t, gamma), beta);
                *value = _mm512_sra_epi32(_mm512_add_epi32(scaled, half), shift);
            }
            store_bytes(pack(values, norm.zero_point), out);
        }
    }
}

/// Up to sixteen little-endian i16 as i32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn widen_words(halves: &[[u8; 2]]) -> __m512i {
    let mask = super::avx512_vector::lanes(halves.len());
    // SAFETY: the mask has one bit for each half.
    _mm512_cvtepi16_epi32(unsafe { _mm256_maskz_loadu_epi16(mask, halves.as_ptr().cast()) })
}

/// `(n · x − S) << left = x · (n << left) − (S << left)`, modulo `2^32` around a value that fits.
struct Centre {
    times: __m512i,
    less: __m512i,
}

impl Centre {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(row: RowScale) -> Self {
        let (n, sum, left) = row.parts();
        let shifted = |value: i32| _mm512_set1_epi32(value.unbounded_shl(left));
        Self { times: shifted(n), less: shifted(sum) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn apply(&self, x: __m512i) -> __m512i {
        _mm512_sub_epi32(_mm512_mullo_epi32(x, self.times), self.less)
    }
}

/// Same as [`scalar::row_scale`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let ones = _mm512_set1_epi16(1);
    let low = _mm512_set1_epi64(0xFFFF_FFFF);
    let (mut sum, mut squares) = (_mm512_setzero_si512(), _mm512_setzero_si512());
    for x in x.chunks(BYTES / 2) {
        let x = load_halves(x);
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(x, ones));
        // Two squares of −2^15 sum to 2^31, which is right as unsigned.
        let pairs = _mm512_madd_epi16(x, x);
        let both = _mm512_add_epi64(_mm512_and_si512(pairs, low), _mm512_srli_epi64::<32>(pairs));
        squares = _mm512_add_epi64(squares, both);
    }
    let (sum, squares) = (_mm512_reduce_add_epi32(sum), _mm512_reduce_add_epi64(squares));
    RowScale::new(x.len(), sum, squares, eps)
}
