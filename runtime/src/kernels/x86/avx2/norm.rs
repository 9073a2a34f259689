//! Layer normalisation on AVX2.

use super::requant::Requants;
use super::vector::{BYTES, channel_words, load_halves, pack, store_sixteen, widen};
use crate::fixed::RowScale;
use crate::kernels::operand::{Norm, NormAffine};
use crate::rows::{rows, rows_mut};
use core::arch::x86_64::*;

/// Rows whose scales are computed together. The reciprocal square root is a chain of steps, each of which
/// needs the result of the step before. The processor computes the chains of several rows at once.
const ROWS: usize = 8;
/// Halves of a vector.
const HALVES: usize = BYTES / 2;

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    // SAFETY: `sets` returns a set only if the processor has AVX2.
    unsafe { normalise(x, dim, norm, out) };
}

/// Same contract as [`scalar::layer_norm_affine_i8`](crate::kernels::scalar::layer_norm_affine_i8).
pub(super) fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    // SAFETY: `sets` returns a set only if the processor has AVX2.
    unsafe { normalise_affine(x, norm, out) };
}

#[target_feature(enable = "avx2")]
fn normalise(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = row_scales(x, dim, norm.eps).into_iter().flatten();
        for (scale, (x, out)) in scales.zip(rows(x, dim).zip(rows_mut(out, dim))) {
            let requant = Requants::uniform(_mm256_set1_epi32(scale.times(norm.mult)), shift);
            let centre = Centre::new(&scale);
            let value = |x| requant.apply(centre.apply(x));
            for (x, out) in x.chunks(HALVES).zip(out.chunks_mut(HALVES)) {
                let [first, second] = widen(load_halves(x));
                store_sixteen(pack([value(first), value(second)], norm.zero_point), out);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn normalise_affine(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    let half = _mm256_set1_epi32(1 << (shift - 1));
    let shift = _mm_cvtsi32_si128(shift.into());
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = row_scales(x, dim, norm.eps).into_iter().flatten();
        for (scale, (x, out)) in scales.zip(rows(x, dim).zip(rows_mut(out, dim))) {
            let fraction = Requants::uniform(_mm256_set1_epi32(scale.y().cast_signed()), 46);
            let centre = Centre::new(&scale);
            for (index, (x, out)) in x.chunks(HALVES).zip(out.chunks_mut(HALVES)).enumerate() {
                let [first, second] = widen(load_halves(x));
                let t = [first, second].map(|x| fraction.apply(centre.apply(x)));
                // Packing saturates to i16.
                let t = widen(_mm256_packs_epi32(t[0], t[1]));
                let gamma = widen(load_words(norm.gamma.halves(index * HALVES, HALVES)));
                let beta = channel_words(norm.beta.words(index * HALVES, HALVES));
                let value = |t, gamma, beta| {
                    let scaled = _mm256_add_epi32(_mm256_mullo_epi32(t, gamma), beta);
                    _mm256_sra_epi32(_mm256_add_epi32(scaled, half), shift)
                };
                let values = [value(t[0], gamma[0], beta[0]), value(t[1], gamma[1], beta[1])];
                store_sixteen(pack(values, norm.zero_point), out);
            }
        }
    }
}

/// Number of values of the rows whose scales are computed at once; at least 1, because `chunks` refuses 0.
#[inline]
fn group(dim: usize) -> usize {
    ROWS.saturating_mul(dim).max(1)
}

/// Sixteen little-endian i16, zeros beyond the last.
#[inline]
#[target_feature(enable = "avx2")]
fn load_words(halves: &[[u8; 2]]) -> __m256i {
    let mut all = [0; HALVES];
    for (to, from) in all.iter_mut().zip(halves) {
        *to = i16::from_le_bytes(*from);
    }
    load_halves(&all)
}

/// `(n · x − S) << left = x · (n << left) − (S << left)`, modulo `2^32` around a value that fits.
struct Centre {
    times: __m256i,
    plus: __m256i,
}

impl Centre {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(scale: &RowScale) -> Self {
        let plus = scale.normalise(0);
        let times = scale.normalise(1).wrapping_sub(plus);
        Self { times: _mm256_set1_epi32(times), plus: _mm256_set1_epi32(plus) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn apply(&self, x: __m256i) -> __m256i {
        _mm256_add_epi32(_mm256_mullo_epi32(x, self.times), self.plus)
    }
}

/// The scales of up to [`ROWS`] rows.
#[inline]
#[target_feature(enable = "avx2")]
fn row_scales(x: &[i16], dim: usize, eps: u32) -> [Option<RowScale>; ROWS] {
    let mut scales = [None; ROWS];
    for (scale, x) in scales.iter_mut().zip(rows(x, dim)) {
        *scale = Some(row_scale(x, eps));
    }
    scales
}

/// The scale of a row.
#[inline]
#[target_feature(enable = "avx2")]
fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let zero = _mm256_setzero_si256();
    let [mut sum, mut low, mut high] = [zero; 3];
    for x in x.chunks(HALVES) {
        let x = load_halves(x);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, _mm256_set1_epi16(1)));
        // The sum of two squares of −2^15 is 2^31, which is correct if it is read as unsigned. The lower and
        // the upper halves of these sums are added apart, because 1,024 squares do not fit 32 bits.
        let pairs = _mm256_madd_epi16(x, x);
        low = _mm256_add_epi32(low, _mm256_and_si256(pairs, _mm256_set1_epi32(0xFFFF)));
        high = _mm256_add_epi32(high, _mm256_srli_epi32::<16>(pairs));
    }
    let squares = i64::from(total(low)) + (i64::from(total(high)) << 16);
    RowScale::new(x.len(), total(sum), squares, eps)
}

/// The sum of the lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn total(lanes: __m256i) -> i32 {
    let all = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let all = _mm_add_epi32(all, _mm_shuffle_epi32::<0b01_00_11_10>(all));
    let all = _mm_add_epi32(all, _mm_shuffle_epi32::<0b10_11_00_01>(all));
    _mm_cvtsi128_si32(all)
}
