//! Rows of eight halves, transposed; a square root. SSE2 is a part of the architecture.

use core::arch::x86_64::*;

/// Eight rows: vector `i` of the result has value `i` of each row.
#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn eight_rows(rows: [&[[u8; 2]; 8]; 8]) -> [__m128i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    let (lower, upper) = (four_rows([a, b, c, d]), four_rows([e, f, g, h]));
    let mut columns = [_mm_setzero_si128(); 8];
    let (pairs, _) = columns.as_chunks_mut::<2>();
    for (pair, (lower, upper)) in pairs.iter_mut().zip(lower.into_iter().zip(upper)) {
        *pair = [_mm_unpacklo_epi64(lower, upper), _mm_unpackhi_epi64(lower, upper)];
    }
    columns
}

/// Four rows: vector `i` of the result has value `2i` of each row, then value `2i + 1` of each row.
#[inline]
#[target_feature(enable = "sse2")]
pub(super) fn four_rows([a, b, c, d]: [&[[u8; 2]; 8]; 4]) -> [__m128i; 4] {
    let [a, b, c, d] = [load(a), load(b), load(c), load(d)];
    let (ab_low, ab_high) = (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b));
    let (cd_low, cd_high) = (_mm_unpacklo_epi16(c, d), _mm_unpackhi_epi16(c, d));
    [
        _mm_unpacklo_epi32(ab_low, cd_low),
        _mm_unpackhi_epi32(ab_low, cd_low),
        _mm_unpacklo_epi32(ab_high, cd_high),
        _mm_unpackhi_epi32(ab_high, cd_high),
    ]
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(row: &[[u8; 2]; 8]) -> __m128i {
    // SAFETY: there are sixteen bytes.
    unsafe { _mm_loadu_si128(row.as_ptr().cast()) }
}

/// The square root of one value.
#[inline]
#[target_feature(enable = "sse")]
pub(super) fn sqrt(value: f32) -> f32 {
    _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(value)))
}
