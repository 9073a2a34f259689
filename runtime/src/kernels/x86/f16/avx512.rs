//! AVX-512: sixteen lanes.

use super::halves::eight_rows;
use crate::kernels::f16::lanes::{Lanes, MAX_LANES, lanes_set};
use core::arch::x86_64::*;

lanes_set!(
    "avx512", Avx512, "avx512f,f16c,avx2",
    linear: [8, 4, 2, 128],
    attention: [8, 8, 2]
);

/// Vectors of AVX-512. Only functions with its instructions make a value.
#[derive(Clone, Copy)]
struct Avx512(());

impl Lanes for Avx512 {
    const LANES: usize = 16;
    type V = __m512;
    type Group = [f32; 16];
    const ZEROS: [f32; 16] = [0.0; 16];

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: a value of this type exists only where the processor has the instructions.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> __m512 {
        // SAFETY: as in `splat`, and there are sixteen values.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, values: __m512, to: &mut [f32; 16]) {
        // SAFETY: as in `splat`, and there are sixteen places.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), values) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> __m512 {
        if let Some(all) = from.first_chunk::<16>() {
            return self.load(all);
        }
        // SAFETY: as in `splat`, and the mask has a bit for each of fewer than sixteen values.
        unsafe { _mm512_maskz_loadu_ps((1 << from.len()) - 1, from.as_ptr()) }
    }

    #[inline(always)]
    fn store_some(self, values: __m512, to: &mut [f32]) {
        if let Some(all) = to.first_chunk_mut::<16>() {
            return self.store(values, all);
        }
        // SAFETY: as in `splat`, and the mask has a bit for each of fewer than sixteen places.
        unsafe { _mm512_mask_storeu_ps(to.as_mut_ptr(), (1 << to.len()) - 1, values) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn greater(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a > b`.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn less(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a < b`.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn add_exponent(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: as in `splat`.
        unsafe { add_exponent(a, b) }
    }

    #[inline(always)]
    fn sqrt(self, value: f32) -> f32 {
        // SAFETY: as in `splat`.
        unsafe { super::halves::sqrt(value) }
    }

    #[inline(always)]
    fn columns_of_halves(self, rows: [&[[u8; 2]; 8]; MAX_LANES]) -> [__m512; 8] {
        let [a, b, c, d, e, f, g, h, upper @ ..] = rows;
        // SAFETY: SSE2 is a part of the architecture.
        let lower = unsafe { eight_rows([a, b, c, d, e, f, g, h]) };
        // SAFETY: as above.
        let upper = unsafe { eight_rows(upper) };
        let mut columns = [self.splat(0.0); 8];
        for ((column, lower), upper) in columns.iter_mut().zip(lower).zip(upper) {
            // SAFETY: as in `splat`.
            *column = unsafe { widen(lower, upper) };
        }
        columns
    }

    #[inline(always)]
    fn columns(self, row: impl Fn(usize) -> [f32; 4]) -> [__m512; 4] {
        // The quarter `q` of vector `i` is row `4q + i`. Each quarter is transposed.
        let mut all = [[0.0; 16]; 4];
        for (i, vector) in all.iter_mut().enumerate() {
            for (q, quarter) in vector.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                *quarter = row(4 * q + i);
            }
        }
        let [a, b, c, d] = all;
        let [a, b, c, d] = [self.load(&a), self.load(&b), self.load(&c), self.load(&d)];
        // SAFETY: as in `splat`.
        unsafe { transpose([a, b, c, d]) }
    }
}

/// Four rows of four values in each part of 128 bits, transposed.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose([a, b, c, d]: [__m512; 4]) -> [__m512; 4] {
    let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    [
        _mm512_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
        _mm512_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
        _mm512_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
        _mm512_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
    ]
}

/// See [`Lanes::add_exponent`].
#[inline]
#[target_feature(enable = "avx512f")]
fn add_exponent(a: __m512, b: __m512) -> __m512 {
    let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(b));
    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), shifted))
}

/// Sixteen f16 as f32.
#[inline]
#[target_feature(enable = "avx512f")]
fn widen(lower: __m128i, upper: __m128i) -> __m512 {
    _mm512_cvtph_ps(_mm256_set_m128i(upper, lower))
}
