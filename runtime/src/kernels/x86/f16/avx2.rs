//! AVX2: eight lanes.

use super::halves::eight_rows;
use crate::kernels::f16::lanes::{Lanes, MAX_LANES, lanes_set};
use core::arch::x86_64::*;

lanes_set!(
    "avx2", Avx2, "avx2,f16c",
    linear: [6, 4, 2, 128],
    attention: [8, 4, 2]
);

/// Vectors of AVX2. Only functions with its instructions make a value.
#[derive(Clone, Copy)]
struct Avx2(());

impl Lanes for Avx2 {
    const LANES: usize = 8;
    type V = __m256;
    type Group = [f32; 8];
    const ZEROS: [f32; 8] = [0.0; 8];

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: a value of this type exists only where the processor has the instructions.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; 8]) -> __m256 {
        // SAFETY: as in `splat`, and there are eight values.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, values: __m256, to: &mut [f32; 8]) {
        // SAFETY: as in `splat`, and there are eight places.
        unsafe { _mm256_storeu_ps(to.as_mut_ptr(), values) }
    }

    #[inline(always)]
    fn load_some(self, from: &[f32]) -> __m256 {
        if let Some(all) = from.first_chunk::<8>() {
            return self.load(all);
        }
        let mut all = [0.0; 8];
        all.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        self.load(&all)
    }

    #[inline(always)]
    fn store_some(self, values: __m256, to: &mut [f32]) {
        if let Some(all) = to.first_chunk_mut::<8>() {
            return self.store(values, all);
        }
        let mut all = [0.0; 8];
        self.store(values, &mut all);
        to.iter_mut().zip(all).for_each(|(to, from)| *to = from);
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`.
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    fn greater(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a > b`.
        unsafe { _mm256_max_ps(a, b) }
    }

    #[inline(always)]
    fn less(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`. The instruction returns `b` unless `a < b`.
        unsafe { _mm256_min_ps(a, b) }
    }

    #[inline(always)]
    fn add_exponent(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: as in `splat`.
        unsafe { add_exponent(a, b) }
    }

    #[inline(always)]
    fn sqrt(self, value: f32) -> f32 {
        // SAFETY: as in `splat`.
        unsafe { super::halves::sqrt(value) }
    }

    #[inline(always)]
    fn columns_of_halves(self, rows: [&[[u8; 2]; 8]; MAX_LANES]) -> [__m256; 8] {
        let [a, b, c, d, e, f, g, h, ..] = rows;
        // SAFETY: SSE2 is a part of the architecture.
        let halves = unsafe { eight_rows([a, b, c, d, e, f, g, h]) };
        let mut columns = [self.splat(0.0); 8];
        for (column, halves) in columns.iter_mut().zip(halves) {
            // SAFETY: as in `splat`.
            *column = unsafe { _mm256_cvtph_ps(halves) };
        }
        columns
    }

    #[inline(always)]
    fn columns(self, row: impl Fn(usize) -> [f32; 4]) -> [__m256; 4] {
        // The halves of vector `i` are the rows `i` and `4 + i`. Each half is transposed.
        let mut all = [[0.0; 8]; 4];
        for (i, vector) in all.iter_mut().enumerate() {
            for (half, to) in vector.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                *to = row(4 * half + i);
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
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    [
        _mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
        _mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
        _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
        _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
    ]
}

/// See [`Lanes::add_exponent`].
#[inline]
#[target_feature(enable = "avx2")]
fn add_exponent(a: __m256, b: __m256) -> __m256 {
    let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(b));
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted))
}
