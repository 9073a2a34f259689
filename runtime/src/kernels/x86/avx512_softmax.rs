//! Exponentials of scores on AVX-512, sixteen queries a vector.

use super::super::Attention;
use super::avx512_vector::{Group, transpose_bytes};
use crate::fixed::MAX_ATTENTION_OCTAVES;
use core::arch::x86_64::*;

/// Exponentials of scores.
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

    /// Writes `exp2_neg(octaves(highest − score))` of every score, four keys to a group, zero beyond
    /// the tokens, and returns their sums.
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
        for (group, (place, four)) in exponentials.iter_mut().zip(fours).enumerate() {
            let [a, b, c, d] = four;
            let octaves = |score: &Group| {
                let distance = _mm512_sub_epi32(highest, score.load());
                let distance = _mm512_min_epu32(distance, self.limit);
                _mm512_srli_epi32::<17>(_mm512_mullo_epi32(distance, self.mult))
            };
            // Octaves before the last clamp are below 2^15.
            let ab = _mm512_packus_epi32(octaves(a), octaves(b));
            let cd = _mm512_packus_epi32(octaves(c), octaves(d));
            let e = transpose_bytes(_mm512_packus_epi16(exp2_neg(ab), exp2_neg(cd)));
            // The lowest score of all is not far enough away where a score's step is tiny.
            let e = _mm512_and_si512(e, _mm512_set1_epi32(first_bytes(tokens - 4 * group)));
            sum = _mm512_dpbusd_epi32(sum, e, ones);
            place.store(e);
        }
        sum
    }
}

/// The first `count` bytes of a lane set, all four from there on.
#[inline]
const fn first_bytes(count: usize) -> i32 {
    match count {
        0 => 0,
        1 => 0xff,
        2 => 0xffff,
        3 => 0x00ff_ffff,
        _ => -1,
    }
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of 32 i16 octaves, clamped first: `vpmulhrsw` is its `mul`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn exp2_neg(octaves: __m512i) -> __m512i {
    #[allow(clippy::cast_possible_truncation, reason = "a constant far below 2^15")]
    const MOST: i16 = MAX_ATTENTION_OCTAVES as i16;
    let set = |value: i16| _mm512_set1_epi16(value);
    let octaves = _mm512_min_epi16(octaves, set(MOST));
    let f = _mm512_slli_epi16::<4>(_mm512_and_si512(octaves, set(2047)));
    let p = _mm512_add_epi16(set(7_592), _mm512_mulhrs_epi16(set(-1_327), f));
    let p = _mm512_add_epi16(set(-22_588), _mm512_mulhrs_epi16(p, f));
    let p = _mm512_add_epi16(set(32_640), _mm512_mulhrs_epi16(p, f));
    _mm512_mulhrs_epi16(p, _mm512_srlv_epi16(set(256), _mm512_srli_epi16::<11>(octaves)))
}
