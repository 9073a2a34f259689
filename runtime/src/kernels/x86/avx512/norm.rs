//! Layer normalisation and pool on AVX-512.

use super::requant::Requants;
use super::row_scale::{ROWS, Scales};
use super::vector::{
    BYTES, HALVES, LANES, load_half_words, load_halves, load_words, pack_pairs, store_bytes,
};
use crate::kernels::operand::{Norm, NormAffine};
use crate::kernels::scalar;
use crate::rows::{part, part_mut, rows, rows_mut, tail};
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

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi,avx512vl,avx512vnni")]
fn normalise(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    each_group(x, dim, norm.eps, out, |scales, x, out| {
        let mults = scales.mults(norm.mult);
        for (row, (x, out)) in rows(x, dim).zip(rows_mut(out, dim)).enumerate() {
            let requant = Requants::uniform(one_row(&mults, row), shift);
            let centre = Centre::new(scales, dim, row);
            for (x, out) in x.chunks(BYTES).zip(out.chunks_mut(BYTES)) {
                let values = requant.apply_each(centre.apply(x));
                store_bytes(pack_pairs(values, norm.zero_point), out);
            }
        }
    });
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vbmi,avx512vl,avx512vnni")]
fn normalise_affine(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    each_group(x, dim, norm.eps, out, |scales, x, out| {
        for first in (0..dim).step_by(BYTES) {
            let affine = AffinePairs::new(norm, first, shift);
            let len = BYTES.min(dim - first);
            for (row, (x, out)) in rows(x, dim).zip(rows_mut(out, dim)).enumerate() {
                let fraction = Requants::uniform(one_row(&scales.y, row), 46);
                let values = Centre::new(scales, dim, row).apply(part(x, first, len));
                let values = affine.apply(fraction.apply_each(values));
                store_bytes(pack_pairs(values, norm.zero_point), part_mut(out, first, len));
            }
        }
    });
}

/// Calls `normalise` for each sixteen rows with their scales. The scales of the next rows are computed
/// before, because their chain of steps leaves the processor time for other work.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vl,avx512vnni")]
fn each_group(
    x: &[i16],
    dim: usize,
    eps: u32,
    out: &mut [i8],
    normalise: impl Fn(&Scales, &[i16], &mut [i8]),
) {
    let len = ROWS.saturating_mul(dim).max(1);
    let (mut rest, mut next) = (x, Scales::new(x, dim, eps));
    for (x, out) in x.chunks(len).zip(out.chunks_mut(len)) {
        let scales = next;
        rest = tail(rest, x.len());
        if !rest.is_empty() {
            next = Scales::new(rest, dim, eps);
        }
        normalise(&scales, x, out);
    }
}

/// One value of a row in every lane.
#[inline]
#[target_feature(enable = "avx512f")]
fn one_row(values: &[i32; ROWS], row: usize) -> __m512i {
    debug_assert!(row < ROWS, "row {row} of {ROWS}");
    _mm512_set1_epi32(values.get(row).copied().unwrap_or(0))
}

/// `(n · x − S) << left` of a row. A vector of 32 values becomes a vector of the values with an even index
/// and one of those with an odd index.
struct Centre {
    even: __m512i,
    odd: __m512i,
    less: __m512i,
    left: __m512i,
}

impl Centre {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn new(scales: &Scales, dim: usize, row: usize) -> Self {
        // At most 1024.
        let n = i32::try_from(dim).unwrap_or(0);
        Self {
            even: _mm512_set1_epi32(n),
            odd: _mm512_set1_epi32(n << 16),
            less: one_row(&scales.less, row),
            left: one_row(&scales.left, row),
        }
    }

    /// Up to 64 values: even and odd ones of the first 32, then of the others.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn apply(&self, x: &[i16]) -> [__m512i; 4] {
        let (low, high) = x.split_at(x.len().min(HALVES));
        let (low, high) = (load_halves(low), load_halves(high));
        [(low, self.even), (low, self.odd), (high, self.even), (high, self.odd)]
            .map(|(x, n)| _mm512_sllv_epi32(_mm512_dpwssd_epi32(self.less, x, n), self.left))
    }
}

/// Gain and bias of 64 channels, in the order of [`Centre::apply`].
struct AffinePairs {
    gamma: [__m512i; 4],
    /// `beta + 2^(shift − 1)`.
    beta: [__m512i; 4],
    shift: __m512i,
}

impl AffinePairs {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(norm: &NormAffine<'_>, first: usize, shift: u8) -> Self {
        let half = _mm512_set1_epi32(1 << (shift - 1));
        let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        let odd = _mm512_or_si512(even, _mm512_set1_epi32(1));
        let beta = |first| {
            let [low, high] = [first, first + LANES]
                .map(|first| _mm512_add_epi32(load_words(norm.beta.words(first, LANES)), half));
            [even, odd].map(|order| _mm512_permutex2var_epi32(low, order, high))
        };
        let gamma = |first| {
            let pairs = load_half_words(norm.gamma.halves(first, HALVES));
            [_mm512_and_si512(pairs, _mm512_set1_epi32(0xFFFF)), _mm512_srli_epi32::<16>(pairs)]
        };
        let ([b0, b1], [b2, b3]) = (beta(first), beta(first + HALVES));
        let ([g0, g1], [g2, g3]) = (gamma(first), gamma(first + HALVES));
        Self {
            gamma: [g0, g1, g2, g3],
            beta: [b0, b1, b2, b3],
            shift: _mm512_set1_epi32(shift.into()),
        }
    }

    /// `(sat16(t) · gamma + beta + 2^(shift − 1)) >> shift`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn apply(&self, [t0, t1, t2, t3]: [__m512i; 4]) -> [__m512i; 4] {
        let ([g0, g1, g2, g3], [b0, b1, b2, b3]) = (self.gamma, self.beta);
        let (low, high) = (_mm512_set1_epi32(i16::MIN.into()), _mm512_set1_epi32(i16::MAX.into()));
        [(t0, g0, b0), (t1, g1, b1), (t2, g2, b2), (t3, g3, b3)].map(|(t, gamma, beta)| {
            let t = _mm512_max_epi32(_mm512_min_epi32(t, high), low);
            // The upper half of a lane of `gamma` is zero.
            _mm512_srav_epi32(_mm512_dpwssd_epi32(beta, t, gamma), self.shift)
        })
    }
}
