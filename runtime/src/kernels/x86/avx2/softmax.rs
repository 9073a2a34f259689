//! Exponentials of scores on AVX2. A vector has one score for each of eight queries.

use super::vector::Pairs;
use crate::fixed::MAX_ATTENTION_OCTAVES;
use crate::kernels::operand::Attention;
use core::arch::x86_64::*;

/// Writes `exp2_neg(octaves(highest − score))` of every score, two keys to a place, and returns their sums.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn softmax(
    attention: &Attention,
    scores: &[Pairs],
    tokens: usize,
    highest: __m256i,
    exponentials: &mut [Pairs],
) -> __m256i {
    let set = |value: u32| _mm256_set1_epi32(value.cast_signed());
    let (mult, limit) = (set(attention.octaves.mult()), set(attention.octaves.limit() + 1));
    let octaves = |score: &Pairs| {
        let distance = _mm256_min_epu32(_mm256_sub_epi32(highest, score.load()), limit);
        _mm256_srli_epi32::<17>(_mm256_mullo_epi32(distance, mult))
    };
    let together = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
    ));
    let (all, first) = (_mm256_set1_epi32(-1), _mm256_set1_epi32(0xFFFF));
    let mut sum = _mm256_setzero_si256();
    let pairs = scores.as_chunks::<2>().0.iter().enumerate();
    for (place, (index, [a, b])) in exponentials.iter_mut().zip(pairs) {
        let e = exp2_neg(_mm256_packus_epi32(octaves(a), octaves(b)));
        // Masks the score after the last token. With a small multiplier, its distance is not large
        // enough to make it 0.
        let tokens = if 2 * index + 1 < tokens { all } else { first };
        let e = _mm256_and_si256(_mm256_shuffle_epi8(e, together), tokens);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(e, _mm256_set1_epi16(1)));
        place.store(e);
    }
    sum
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of sixteen i16 octaves, which are clamped first. `vpmulhrsw`
/// is `mul_high`.
#[inline]
#[target_feature(enable = "avx2")]
fn exp2_neg(octaves: __m256i) -> __m256i {
    #[allow(clippy::cast_possible_truncation, reason = "a constant far below 2^15")]
    const MAX: i16 = MAX_ATTENTION_OCTAVES as i16;
    let set = |value: i16| _mm256_set1_epi16(value);
    let octaves = _mm256_min_epi16(octaves, set(MAX));
    let f = _mm256_slli_epi16::<4>(_mm256_and_si256(octaves, set(2047)));
    let p = _mm256_add_epi16(set(7_592), _mm256_mulhrs_epi16(set(-1_327), f));
    let p = _mm256_add_epi16(set(-22_588), _mm256_mulhrs_epi16(p, f));
    let p = _mm256_add_epi16(set(32_640), _mm256_mulhrs_epi16(p, f));
    // `256 >> n`. For `n ≥ 1` it is a byte, which is looked up. The upper byte of `n` is 0 and gives 0.
    let n = _mm256_srli_epi16::<11>(octaves);
    let powers = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, -128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0,
    ));
    let none = _mm256_cmpeq_epi16(n, _mm256_setzero_si256());
    let power = _mm256_or_si256(_mm256_shuffle_epi8(powers, n), _mm256_and_si256(none, set(256)));
    _mm256_mulhrs_epi16(p, power)
}
