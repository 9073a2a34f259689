//! [`RowScale`](crate::fixed::RowScale) of sixteen rows at once on AVX-512, a lane for each row. The
//! reciprocal square root is a chain of steps, each of which needs the result of the step before. With one
//! row at a time, the processor would wait for each result.

use super::vector::{HALVES, LANES, halves, load_halves, narrow};
use crate::fixed::{NEWTON_STEPS, RSQRT_GUESS, RSQRT_THREE};
use crate::rows::up_to;
use core::arch::x86_64::*;

/// Rows whose scales are computed together.
pub(super) const ROWS: usize = LANES;

/// The scales of sixteen rows of one length.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    /// The reciprocal square root of each row.
    pub(super) y: [i32; ROWS],
    /// `−S` and `left` of each row, as `RowScale::normalise` names them.
    pub(super) less: [i32; ROWS],
    pub(super) left: [i32; ROWS],
}

impl Scales {
    /// The scales of up to sixteen rows of `dim` values.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vl,avx512vnni")]
    pub(super) fn new(x: &[i16], dim: usize, eps: u32) -> Self {
        let n = i32::try_from(dim).unwrap_or(i32::MAX);
        let [sum, low, high] = totals(x, dim);
        let ([sum0, sum1], [low0, low1], [high0, high1]) = (halves(sum), halves(low), halves(high));
        let (y0, left0) = scale(spread(n, eps, [sum0, low0, high0]));
        let (y1, left1) = scale(spread(n, eps, [sum1, low1, high1]));
        Self {
            y: stored(narrow([y0, y1])),
            less: stored(_mm512_sub_epi32(_mm512_setzero_si512(), sum)),
            left: stored(narrow([left0, left1])),
        }
    }

    /// The multiplier of each row, `RowScale::times`.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both factors are below 2^31, so the shifted product is too"
    )]
    pub(super) fn mults(&self, mult: u32) -> [i32; ROWS] {
        self.y.map(|y| ((u64::from(y.cast_unsigned()) * u64::from(mult)) >> 31) as i32)
    }
}

/// Three sums over each of up to sixteen rows, one row in each lane. The first is that of the values. For
/// the others, squares are added in pairs: the second sums the lower 16 bits of these pairs, the third the
/// upper 16 bits. No sum reaches `2^26`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn totals(x: &[i16], dim: usize) -> [__m512i; 3] {
    // There may be fewer than sixteen rows.
    let row = |row: usize| moments(up_to(x, row * dim, dim));
    let four = |first: usize| {
        let ([a0, a1, a2], [b0, b1, b2]) = (row(first), row(first + 1));
        let ([c0, c1, c2], [d0, d1, d2]) = (row(first + 2), row(first + 3));
        [add_lanes([a0, b0, c0, d0]), add_lanes([a1, b1, c1, d1]), add_lanes([a2, b2, c2, d2])]
    };
    let ([a0, a1, a2], [b0, b1, b2]) = (four(0), four(4));
    let ([c0, c1, c2], [d0, d1, d2]) = (four(8), four(12));
    [add_quarters([a0, b0, c0, d0]), add_quarters([a1, b1, c1, d1]), add_quarters([a2, b2, c2, d2])]
}

/// [`totals`] of a row, spread over the lanes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn moments(x: &[i16]) -> [__m512i; 3] {
    let mut sums = [_mm512_setzero_si512(); 3];
    let (whole, rest) = x.as_chunks::<HALVES>();
    for x in whole {
        sums = more(sums, load_halves(x));
    }
    if rest.is_empty() { sums } else { more(sums, load_halves(rest)) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn more([sum, low, high]: [__m512i; 3], x: __m512i) -> [__m512i; 3] {
    // The sum of two squares of −2^15 is 2^31, which is correct if it is read as unsigned.
    let pairs = _mm512_madd_epi16(x, x);
    let lower = _mm512_and_si512(pairs, _mm512_set1_epi32(0xFFFF));
    [
        _mm512_dpwssd_epi32(sum, x, _mm512_set1_epi16(1)),
        _mm512_add_epi32(low, lower),
        _mm512_add_epi32(high, _mm512_srli_epi32::<16>(pairs)),
    ]
}

/// Lane `j` of each quarter is the sum of that quarter of vector `j`.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_lanes([a, b, c, d]: [__m512i; 4]) -> __m512i {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd))
}

/// Quarter `j` is the sum of the quarters of vector `j`.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_quarters([a, b, c, d]: [__m512i; 4]) -> __m512i {
    let halves = |a, b| {
        _mm512_add_epi32(_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xEE>(a, b))
    };
    let (ab, cd) = (halves(a, b), halves(c, d));
    _mm512_add_epi32(_mm512_shuffle_i32x4::<0x88>(ab, cd), _mm512_shuffle_i32x4::<0xDD>(ab, cd))
}

/// The reciprocal square root and the left shift of eight rows from their spreads.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd")]
fn scale(spread: __m512i) -> (__m512i, __m512i) {
    let half = _mm512_srli_epi64::<1>(_mm512_lzcnt_epi64(spread));
    let m = _mm512_sllv_epi64(spread, _mm512_slli_epi64::<1>(half));
    let left = _mm512_subs_epu16(half, _mm512_set1_epi64(6));
    (rsqrt(_mm512_srli_epi64::<32>(m)), left)
}

/// `n · Q − S² + n² · eps`.
#[inline]
#[target_feature(enable = "avx512f")]
fn spread(n: i32, eps: u32, [sum, low, high]: [__m512i; 3]) -> __m512i {
    let times_n = |value| _mm512_mul_epi32(value, _mm512_set1_epi64(n.into()));
    let squares = _mm512_add_epi64(times_n(low), _mm512_slli_epi64::<16>(times_n(high)));
    let eps = i64::from(n).wrapping_mul(n.into()).wrapping_mul(eps.into());
    let squares = _mm512_add_epi64(squares, _mm512_set1_epi64(eps));
    _mm512_sub_epi64(squares, _mm512_mul_epi32(sum, sum))
}

/// [`rsqrt`](crate::fixed::rsqrt) of eight u32, each in 64 bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn rsqrt(m: __m512i) -> __m512i {
    let set = |value: u32| _mm512_set1_epi64(value.into());
    let high = |a, b| _mm512_srli_epi64::<32>(_mm512_mul_epu32(a, b));
    let [c0, c1, c2] = RSQRT_GUESS;
    let y = _mm512_sub_epi64(set(c0), high(set(c1), m));
    let mut y = _mm512_add_epi64(y, high(set(c2), high(m, m)));
    for _ in 0..NEWTON_STEPS {
        let product = high(high(y, y), m);
        let bracket = _mm512_sub_epi64(set(RSQRT_THREE), product);
        y = _mm512_srli_epi64::<29>(_mm512_mul_epu32(y, bracket));
    }
    _mm512_min_epu64(y, set((1 << 31) - 1))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn stored(values: __m512i) -> [i32; ROWS] {
    let mut all = [0; ROWS];
    // SAFETY: there are sixteen places.
    unsafe { _mm512_storeu_epi32(all.as_mut_ptr(), values) };
    all
}
