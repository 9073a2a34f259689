//! Exponentials of scores on AVX-512. A vector has one score for each of sixteen queries.

use super::vector::{Group, halves, narrow, transpose_bytes};
use crate::kernels::operand::Attention;
use core::arch::x86_64::*;

/// The constants that turn scores into exponentials.
pub(super) struct Softmax {
    mult: u32,
    /// Distances are clamped to this.
    most: u32,
}

impl Softmax {
    pub(super) fn new(attention: &Attention) -> Self {
        Self { mult: attention.octaves.mult(), most: attention.octaves.limit() + 1 }
    }

    /// Writes `exp2_neg(octaves(highest − score))` of every score, four keys to a group. Keys after the last
    /// token get 0. Returns the sum for each query. The distance of a score to the highest one must be
    /// below `2^31`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn apply(
        &self,
        scores: &[Group],
        highest: __m512i,
        tokens: usize,
        exponentials: &mut [Group],
    ) -> __m512i {
        let mut sum = if self.most <= u16::MAX.into() {
            self.exponentials::<true>(scores, highest, exponentials)
        } else {
            self.exponentials::<false>(scores, highest, exponentials)
        };
        // Clears the exponentials after the last token. With a small multiplier, their distance is not
        // large enough to make them 0.
        for (at, group) in exponentials.iter_mut().enumerate().skip(tokens / 4) {
            let keep =
                _mm512_set1_epi32(if at == tokens / 4 { (1 << (8 * (tokens % 4))) - 1 } else { 0 });
            let beyond = _mm512_andnot_si512(keep, group.load());
            let beyond = _mm512_dpbusd_epi32(_mm512_setzero_si512(), beyond, _mm512_set1_epi8(1));
            sum = _mm512_sub_epi32(sum, beyond);
            group.store(_mm512_and_si512(keep, group.load()));
        }
        sum
    }

    /// [`Self::apply`] without the last step. `SHORT` says that a clamped distance fits 16 bits.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn exponentials<const SHORT: bool>(
        &self,
        scores: &[Group],
        highest: __m512i,
        exponentials: &mut [Group],
    ) -> __m512i {
        let octaves = |a: &Group, b: &Group| {
            let distances = [a, b].map(|score| _mm512_sub_epi32(highest, score.load()));
            if SHORT { self.short_octaves(distances) } else { self.octaves(distances) }
        };
        let mut sum = _mm512_setzero_si512();
        let ((eights, _), (places, _)) =
            (scores.as_chunks::<8>(), exponentials.as_chunks_mut::<2>());
        for ([first, second], [a, b, c, d, e, f, g, h]) in places.iter_mut().zip(eights) {
            let octaves = [octaves(a, b), octaves(c, d), octaves(e, f), octaves(g, h)];
            let [ab, cd, ef, gh] = exp2_neg(octaves);
            for (place, [low, high]) in [(first, [ab, cd]), (second, [ef, gh])] {
                let fours = transpose_bytes(_mm512_packus_epi16(low, high));
                sum = _mm512_dpbusd_epi32(sum, fours, _mm512_set1_epi8(1));
                place.store(fours);
            }
        }
        sum
    }

    /// `distance · mult / 2^16` of two vectors of distances, as [`exp2_neg`] takes them. In each quarter, four
    /// values of the first vector are before four of the second.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn octaves(&self, distances: [__m512i; 2]) -> __m512i {
        let [most, mult] =
            [self.most, self.mult].map(|value| _mm512_set1_epi32(value.cast_signed()));
        let [a, b] = distances.map(|distance| {
            let product = _mm512_mullo_epi32(_mm512_min_epu32(distance, most), mult);
            _mm512_srli_epi32::<16>(product)
        });
        _mm512_packus_epi32(a, b)
    }

    /// [`Self::octaves`] where a clamped distance fits 16 bits. It is multiplied by each half of the multiplier.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn short_octaves(&self, [a, b]: [__m512i; 2]) -> __m512i {
        let set = |bytes| _mm512_set1_epi16(i16::from_le_bytes(bytes));
        let ([m0, m1, m2, m3], [d0, d1, ..]) = (self.mult.to_le_bytes(), self.most.to_le_bytes());
        let distance = _mm512_min_epu16(_mm512_packus_epi32(a, b), set([d0, d1]));
        let low = multiply_high(distance, set([m0, m1]));
        _mm512_add_epi16(low, _mm512_mullo_epi16(distance, set([m2, m3])))
    }
}

/// The upper halves of the products of 32 u16.
///
/// `_mm512_mulhi_epu16` would have the same result. But compilers move its extension of a multiplier out of a
/// loop, do not find it any more, and then multiply lanes of 32 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn multiply_high(a: __m512i, b: __m512i) -> __m512i {
    let product;
    // SAFETY: the instruction is in AVX-512 BW, and only writes the register of its result.
    unsafe {
        core::arch::asm!(
            "vpmulhuw {product}, {a}, {b}",
            product = lateout(zmm_reg) product,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    product
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of octaves with twelve fraction bits, of which the last one is
/// dropped. Values below 16 octaves need no clamp, because the result is 0 from
/// [`MAX_ATTENTION_OCTAVES`](crate::fixed::MAX_ATTENTION_OCTAVES) on. `vpmulhrsw` computes `mul` of
/// `INTEGER.md`. Each step is done for all vectors, because a vector alone waits for each of its steps.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn exp2_neg(octaves: [__m512i; 4]) -> [__m512i; 4] {
    let set = |value: i16| _mm512_set1_epi16(value);
    let f =
        octaves.map(|octaves| _mm512_and_si512(_mm512_slli_epi16::<3>(octaves), set(2047 << 4)));
    let powers =
        octaves.map(|octaves| _mm512_srlv_epi16(set(256), _mm512_srli_epi16::<12>(octaves)));
    let p = f.map(|f| _mm512_add_epi16(set(7_592), _mm512_mulhrs_epi16(set(-1_327), f)));
    let p = products(p, f).map(|product| _mm512_add_epi16(set(-22_588), product));
    let p = products(p, f).map(|product| _mm512_add_epi16(set(32_640), product));
    products(p, powers)
}

/// `vpmulhrsw` of each two vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn products([a0, a1, a2, a3]: [__m512i; 4], [b0, b1, b2, b3]: [__m512i; 4]) -> [__m512i; 4] {
    [(a0, b0), (a1, b1), (a2, b2), (a3, b3)].map(|(a, b)| _mm512_mulhrs_epi16(a, b))
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
