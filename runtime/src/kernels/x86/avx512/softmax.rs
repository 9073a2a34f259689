//! Exponentials of scores on AVX-512. A vector has one score for each of sixteen queries.

use super::vector::{Group, halves, narrow};
use crate::kernels::operand::Attention;
use core::arch::x86_64::*;

/// The constants that turn scores into exponentials.
pub(super) struct Softmax {
    mult: __m512i,
    limit: __m512i,
}

impl Softmax {
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(attention: &Attention) -> Self {
        let set = |value: u32| _mm512_set1_epi32(value.cast_signed());
        Self { mult: set(attention.octaves.mult()), limit: set(attention.octaves.limit() + 1) }
    }

    /// Writes `exp2_neg(octaves(highest − score))` of every score, four keys to a group. Keys after the last
    /// token get 0. Returns the sum for each query.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn apply(
        &self,
        scores: &[Group],
        highest: __m512i,
        tokens: usize,
        exponentials: &mut [Group],
    ) -> __m512i {
        let ones = _mm512_set1_epi8(1);
        let mut sum = _mm512_setzero_si512();
        let (fours, _) = scores.as_chunks::<4>();
        for (place, [a, b, c, d]) in exponentials.iter_mut().zip(fours) {
            let product = |score: &Group| {
                let distance = _mm512_sub_epi32(highest, score.load());
                _mm512_mullo_epi32(_mm512_min_epu32(distance, self.limit), self.mult)
            };
            let even = exp2_neg(upper_halves(product(a), product(c)));
            let odd = exp2_neg(upper_halves(product(b), product(d)));
            let e = _mm512_or_si512(even, _mm512_slli_epi16::<8>(odd));
            sum = _mm512_dpbusd_epi32(sum, e, ones);
            place.store(e);
        }
        // Clears the exponentials after the last token. With a small multiplier, their distance is not
        // large enough to make them 0.
        if let (Some(last), left @ 1..) = (exponentials.get_mut(tokens / 4), tokens % 4) {
            let keep = _mm512_set1_epi32((1 << (8 * left)) - 1);
            sum = _mm512_sub_epi32(sum, {
                let beyond = _mm512_andnot_si512(keep, last.load());
                _mm512_dpbusd_epi32(_mm512_setzero_si512(), beyond, ones)
            });
            last.store(_mm512_and_si512(keep, last.load()));
        }
        sum
    }
}

/// Moves the upper halves of the lanes of `low` into the lower halves, and keeps the upper halves of `high`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn upper_halves(low: __m512i, high: __m512i) -> __m512i {
    _mm512_mask_blend_epi16(0xAAAA_AAAA, _mm512_srli_epi32::<16>(low), high)
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of 32 values in octaves with twelve fraction bits, of which the last
/// one is dropped. Values below 16 octaves need no clamp, because the result is 0 from
/// [`MAX_ATTENTION_OCTAVES`](crate::fixed::MAX_ATTENTION_OCTAVES) on. `vpmulhrsw` computes `mul` of
/// `INTEGER.md`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn exp2_neg(octaves: __m512i) -> __m512i {
    let set = |value: i16| _mm512_set1_epi16(value);
    let f = _mm512_and_si512(_mm512_slli_epi16::<3>(octaves), set(2047 << 4));
    let p = _mm512_add_epi16(set(7_592), _mm512_mulhrs_epi16(set(-1_327), f));
    let p = _mm512_add_epi16(set(-22_588), _mm512_mulhrs_epi16(p, f));
    let p = _mm512_add_epi16(set(32_640), _mm512_mulhrs_epi16(p, f));
    _mm512_mulhrs_epi16(p, _mm512_srlv_epi16(set(256), _mm512_srli_epi16::<12>(octaves)))
}

/// [`Attention::row_mult`] of each row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd")]
pub(super) fn row_mults(attention: &Attention, sums: __m512i) -> __m512i {
    let sums = _mm512_max_epu32(sums, _mm512_set1_epi32(255));
    let mult = _mm512_set1_epi64(attention.mult.into());
    narrow(halves(sums).map(|sums| {
        let product = _mm512_mul_epu32(mult, reciprocal(sums));
        _mm512_srli_epi64::<24>(product)
    }))
}

/// `⌊2^31 / s⌋` for `255 ≤ s < 2^24`, in eight lanes of 64 bits.
///
/// The first guess for `2^61 / m`, where `m = s << z` has 32 bits, is quadratic, with a relative error of at
/// most 1/99. After two steps of Newton's iteration it is at most `2^−26`. The quotient is below `2^24`, so
/// it is wrong by at most one. The last lines correct that.
#[inline]
#[target_feature(enable = "avx512f,avx512cd")]
fn reciprocal(s: __m512i) -> __m512i {
    let set = |value: i64| _mm512_set1_epi64(value);
    let high = |a, b| _mm512_srli_epi64::<32>(_mm512_mul_epu32(a, b));
    let zeros = _mm512_lzcnt_epi64(s);
    let m = _mm512_sllv_epi64(s, _mm512_sub_epi64(zeros, set(32)));
    // 140 / 33 − 64 / 11 · d + 256 / 99 · d², where d = m / 2^32, with 29 fraction bits.
    let slope = _mm512_sub_epi64(set(3_123_612_579), high(set(1_388_272_257), m));
    let mut y = _mm512_sub_epi64(set(2_277_634_172), high(slope, m));
    for _ in 0..2 {
        let bracket = _mm512_sub_epi64(set(1 << 30), high(y, m));
        y = _mm512_srli_epi64::<29>(_mm512_mul_epu32(y, bracket));
    }
    let quotient = _mm512_srlv_epi64(y, _mm512_sub_epi64(set(62), zeros));
    let left = _mm512_sub_epi64(set(1 << 31), _mm512_mul_epu32(quotient, s));
    let high = _mm512_cmplt_epi64_mask(left, set(0));
    let low = _mm512_cmpge_epi64_mask(left, s);
    let quotient = _mm512_mask_sub_epi64(quotient, high, quotient, set(1));
    _mm512_mask_add_epi64(quotient, low, quotient, set(1))
}
