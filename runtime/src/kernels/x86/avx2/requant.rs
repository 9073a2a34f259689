//! Requants of channels or of rows.

use super::vector::{CHANNELS, LANES, channel_words};
use crate::fixed::{Requant, half};
use crate::kernels::operand::Linear;
use core::arch::x86_64::*;

/// `(acc · mult + 2^(shift − 1)) >> shift` of eight lanes, `32 ≤ shift ≤ 62`. Values of 64 bits are split
/// into even and odd lanes. Shifts are at least 32, so only the upper half of each sum is shifted further.
#[derive(Clone, Copy)]
pub(super) struct Requants {
    mult: [__m256i; 2],
    half: [__m256i; 2],
    /// The shift minus 32.
    shift: __m256i,
}

impl Requants {
    /// Requants of sixteen channels from `first` on, in the order of [`CHANNELS`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of_channels(layer: &Linear<'_>, first: usize) -> [Self; 2] {
        let (_, mult, shift) = layer.stored(first, CHANNELS);
        let mut shifts = [[0; 4]; CHANNELS];
        for (to, &shift) in shifts.iter_mut().zip(shift) {
            *to = [shift, 0, 0, 0];
        }
        let ([mult0, mult1], [shift0, shift1]) = (channel_words(mult), channel_words(&shifts));
        [Self::new(mult0, shift0), Self::new(mult1, shift1)]
    }

    /// Biases of sixteen channels from `first` on, in the order of [`CHANNELS`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn biases(layer: &Linear<'_>, first: usize) -> [__m256i; 2] {
        channel_words(layer.stored(first, CHANNELS).0)
    }

    /// One multiplier for each lane, at least `2^19`, and one shift for all of them.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn uniform(mult: __m256i, shift: u8) -> Self {
        let half = _mm256_set1_epi64x(half(shift));
        let shift = _mm256_set1_epi32(i32::from(shift) - 32);
        Self { mult: [mult, _mm256_srli_epi64::<32>(mult)], half: [half; 2], shift }
    }

    /// A multiplier or shift out of range is replaced by the nearest valid one, as in the scalar set.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(mult: __m256i, shift: __m256i) -> Self {
        let set = |value: u8| _mm256_set1_epi32(value.into());
        let mult = _mm256_max_epi32(mult, _mm256_set1_epi32(Requant::MIN_MULT));
        let shift = _mm256_max_epi32(shift, set(Requant::MIN_SHIFT));
        let shift = _mm256_min_epi32(shift, set(Requant::MAX_SHIFT));
        let even = _mm256_srli_epi64::<32>(_mm256_slli_epi64::<32>(shift));
        let odd = _mm256_srli_epi64::<32>(shift);
        let one = _mm256_set1_epi64x(1);
        let half = |shift| _mm256_sllv_epi64(one, _mm256_sub_epi64(shift, one));
        Self {
            mult: [mult, _mm256_srli_epi64::<32>(mult)],
            half: [half(even), half(odd)],
            shift: _mm256_sub_epi32(shift, set(32)),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn apply(&self, acc: __m256i) -> __m256i {
        let even = _mm256_add_epi64(_mm256_mul_epi32(acc, self.mult[0]), self.half[0]);
        let odd = _mm256_mul_epi32(_mm256_srli_epi64::<32>(acc), self.mult[1]);
        let odd = _mm256_add_epi64(odd, self.half[1]);
        let upper = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(even), odd);
        _mm256_srav_epi32(upper, self.shift)
    }
}

/// Eight i32 as a vector.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn words(values: &[i32; LANES]) -> __m256i {
    // SAFETY: there are eight words.
    unsafe { _mm256_loadu_si256(values.as_ptr().cast()) }
}
