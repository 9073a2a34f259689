//! SSE2: four lanes.

use super::halves::four_rows;
use crate::format::HALF_SCALE;
use crate::kernels::f16::lanes::{Lanes, MAX_LANES, lanes_set};
use core::arch::x86_64::*;

lanes_set!(
    "sse2", Sse2, "sse2",
    linear: [4, 2, 2, 128],
    attention: [8, 4, 2]
);

/// Vectors of SSE2. Only functions with its instructions make a value.
#[derive(Clone, Copy)]
struct Sse2(());

impl Lanes for Sse2 {
    const LANES: usize = 4;
    type V = __m128;
    type Group = [f32; 4];
    const ZEROS: [f32; 4] = [0.0; 4];

    #[inline(always)]
    fn splat(self, value: f32) -> __m128 {
        // SAFETY: a value of this type exists only where the processor has the instructions.
        unsafe { _mm_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 4]) -> __m128 {
        // SAFETY: as in `splat`, and there are four values.
        unsafe { _mm_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, values: __m128, to: &mut [f32; 4]) {
        // SAFETY: as in `splat`, and there are four places.
        unsafe { _mm_storeu_ps(to.as_mut_ptr(), values) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> __m128 {
        if let Some(all) = from.first_chunk::<4>() {
            return self.load(all);
        }
        let mut all = [0.0; 4];
        all.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        self.load(&all)
    }

    #[inline(always)]
    fn store_some(self, values: __m128, to: &mut [f32]) {
        if let Some(all) = to.first_chunk_mut::<4>() {
            return self.store(values, all);
        }
        let mut all = [0.0; 4];
        self.store(values, &mut all);
        to.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    }

    #[inline(always)]
    fn add(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`.
        unsafe { _mm_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`.
        unsafe { _mm_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`.
        unsafe { _mm_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`.
        unsafe { _mm_div_ps(a, b) }
    }

    #[inline(always)]
    fn greater(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a > b`.
        unsafe { _mm_max_ps(a, b) }
    }

    #[inline(always)]
    fn less(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a < b`.
        unsafe { _mm_min_ps(a, b) }
    }

    #[inline(always)]
    fn add_exponent(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: as in `splat`.
        unsafe { add_exponent(a, b) }
    }

    #[inline(always)]
    fn sqrt(self, value: f32) -> f32 {
        // SAFETY: as in `splat`.
        unsafe { super::halves::sqrt(value) }
    }

    #[inline(always)]
    fn columns_of_halves(self, rows: [&[[u8; 2]; 8]; MAX_LANES]) -> [__m128; 8] {
        let [a, b, c, d, ..] = rows;
        // SAFETY: SSE2 is a part of the architecture.
        let columns_of_halves = unsafe { four_rows([a, b, c, d]) };
        let mut columns = [self.splat(0.0); 8];
        let (pairs, _) = columns.as_chunks_mut::<2>();
        for (pair, halves) in pairs.iter_mut().zip(columns_of_halves) {
            // SAFETY: SSE2 is a part of the architecture.
            *pair = unsafe { widen(halves) };
        }
        columns
    }

    #[inline(always)]
    fn columns(self, row: impl Fn(usize) -> [f32; 4]) -> [__m128; 4] {
        let [a, b, c, d] =
            [self.load(&row(0)), self.load(&row(1)), self.load(&row(2)), self.load(&row(3))];
        // SAFETY: as in `splat`.
        unsafe { transpose([a, b, c, d]) }
    }
}

/// Four rows of four values, transposed.
#[inline]
#[target_feature(enable = "sse2")]
fn transpose([a, b, c, d]: [__m128; 4]) -> [__m128; 4] {
    let (ab_low, ab_high) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
    let (cd_low, cd_high) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
    [
        _mm_movelh_ps(ab_low, cd_low),
        _mm_movehl_ps(cd_low, ab_low),
        _mm_movelh_ps(ab_high, cd_high),
        _mm_movehl_ps(cd_high, ab_high),
    ]
}

/// See [`Lanes::add_exponent`].
#[inline]
#[target_feature(enable = "sse2")]
fn add_exponent(a: __m128, b: __m128) -> __m128 {
    let shifted = _mm_slli_epi32::<23>(_mm_castps_si128(b));
    _mm_castsi128_ps(_mm_add_epi32(_mm_castps_si128(a), shifted))
}

/// Eight f16 as two vectors of f32, as [`widen`](crate::format::widen).
#[inline]
#[target_feature(enable = "sse2")]
fn widen(halves: __m128i) -> [__m128; 2] {
    let zero = _mm_setzero_si128();
    [widen_words(_mm_unpacklo_epi16(halves, zero)), widen_words(_mm_unpackhi_epi16(halves, zero))]
}

/// Four f16 in the lower halves of words.
#[inline]
#[target_feature(enable = "sse2")]
fn widen_words(words: __m128i) -> __m128 {
    let magnitude = _mm_slli_epi32::<13>(_mm_and_si128(words, _mm_set1_epi32(0x7FFF)));
    let sign = _mm_slli_epi32::<16>(_mm_and_si128(words, _mm_set1_epi32(0x8000)));
    let magnitude = _mm_mul_ps(_mm_castsi128_ps(magnitude), _mm_set1_ps(HALF_SCALE));
    _mm_or_ps(magnitude, _mm_castsi128_ps(sign))
}
