//! Layer normalisation and pool on AVX-512.

use super::requant::Requants;
use super::row_scale::{ROWS, Scales};
use super::vector::{BYTES, LANES, lanes, load_words, pack, store_bytes, widen_halves};
use crate::kernels::operand::{Norm, NormAffine};
use crate::kernels::scalar;
use crate::rows::{part, rows, rows_mut};
use core::arch::x86_64::*;

/// Same contract as [`scalar::layer_norm_i8`].
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    unsafe { normalise(x, dim, norm, out) };
}

/// Same contract as [`scalar::layer_norm_affine_i8`].
pub(super) fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    unsafe { normalise_affine(x, norm, out) };
}

/// Same contract as [`scalar::pool_i32`].
pub(super) fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn wide(x: &[i8], zero_point: i8, out: &mut [i32]) {
        scalar::pool_i32(x, zero_point, out);
    }
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    unsafe { wide(x, zero_point, out) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vl,avx512vnni")]
fn normalise(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = Scales::new(x, dim, norm.eps);
        let mults = scales.mults(norm.mult);
        for (row, (x, out)) in rows(x, dim).zip(rows_mut(out, dim)).enumerate() {
            let requant = Requants::uniform(one_row(&mults, row), shift);
            let centre =
                Centre { times: one_row(&scales.times, row), less: one_row(&scales.less, row) };
            let (whole, rest) = x.as_chunks::<BYTES>();
            let (whole_out, rest_out) = out.as_chunks_mut::<BYTES>();
            let value = |x: &[i16]| requant.apply(centre.apply(widen_halves(x)));
            for (x, out) in whole.iter().zip(whole_out) {
                let [a, b, c, d] = quarters(x).map(value);
                store_bytes(pack([a, b, c, d], norm.zero_point), out);
            }
            if !rest.is_empty() {
                let quarter = |first| value(rest.get(first..).unwrap_or(&[]));
                let values = [0, LANES, 2 * LANES, 3 * LANES].map(quarter);
                store_bytes(pack(values, norm.zero_point), rest_out);
            }
        }
    }
}

/// Number of values of the rows whose scales are computed at once; at least 1, because `chunks`
/// refuses 0.
#[inline]
fn group(dim: usize) -> usize {
    ROWS.saturating_mul(dim).max(1)
}

/// The quarters of 64 values.
#[inline]
fn quarters(all: &[i16; BYTES]) -> [&[i16]; 4] {
    [0, LANES, 2 * LANES, 3 * LANES].map(|first| part(all, first, LANES))
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vl,avx512vnni")]
fn normalise_affine(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    let half = _mm512_set1_epi32(1 << (shift - 1));
    let shift = _mm_cvtsi32_si128(shift.into());
    let (low, high) = (_mm512_set1_epi32(i16::MIN.into()), _mm512_set1_epi32(i16::MAX.into()));
    let group = group(dim);
    for (x, out) in x.chunks(group).zip(out.chunks_mut(group)) {
        let scales = Scales::new(x, dim, norm.eps);
        for (row, (x, out)) in rows(x, dim).zip(rows_mut(out, dim)).enumerate() {
            let fraction = Requants::uniform(one_row(&scales.y, row), 46);
            let centre =
                Centre { times: one_row(&scales.times, row), less: one_row(&scales.less, row) };
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
}

/// Up to sixteen little-endian i16 as i32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn widen_words(halves: &[[u8; 2]]) -> __m512i {
    let mask = lanes(halves.len());
    // SAFETY: the mask has one bit for each half.
    _mm512_cvtepi16_epi32(unsafe { _mm256_maskz_loadu_epi16(mask, halves.as_ptr().cast()) })
}

/// One value of a row in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn one_row(values: &[i32; ROWS], row: usize) -> __m512i {
    debug_assert!(row < ROWS, "row {row} of {ROWS}");
    _mm512_set1_epi32(values.get(row).copied().unwrap_or(0))
}

/// `(n · x − S) << left = x · (n << left) − (S << left)`, modulo `2^32` around a value that fits.
struct Centre {
    times: __m512i,
    less: __m512i,
}

impl Centre {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn apply(&self, x: __m512i) -> __m512i {
        _mm512_sub_epi32(_mm512_mullo_epi32(x, self.times), self.less)
    }
}
