//! Stores the rescaled accumulators of sixteen channels: as i8, or added to values in memory.

use super::requant::Requants;
use super::vector::{load_halves, load_sixteen, pack, store_halves, store_sixteen, widen};
use crate::kernels::operand::Skip;
use core::arch::x86_64::*;

/// A way to store the rescaled accumulators of sixteen channels of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores as many channels as `out` has elements, at most sixteen.
    ///
    /// # Safety
    /// The processor must have AVX2.
    unsafe fn store(&self, rescaled: [__m256i; 2], out: &mut [Self::Out]);
}

/// Stores i8 with a zero point.
pub(super) struct StoreI8 {
    pub(super) zero_point: i8,
}

/// Adds to the residual stream, i16.
pub(super) struct AddI16;

/// Adds to the input of a residual stem stage, i8 at another scale, which `out` holds.
pub(super) struct AddI8 {
    input_zero_point: __m256i,
    requant: Requants,
    zero_point: i8,
}

impl Store for StoreI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn store(&self, rescaled: [__m256i; 2], out: &mut [i8]) {
        store_sixteen(pack(rescaled, self.zero_point), out);
    }
}

impl Store for AddI16 {
    type Out = i16;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn store(&self, [first, second]: [__m256i; 2], out: &mut [i16]) {
        let before = widen(load_halves(out));
        let first = _mm256_add_epi32(before[0], first);
        let second = _mm256_add_epi32(before[1], second);
        store_halves(_mm256_packs_epi32(first, second), out);
    }
}

impl AddI8 {
    #[target_feature(enable = "avx2")]
    pub(super) fn new(skip: &Skip) -> Self {
        let mult = _mm256_set1_epi32(skip.requant.mult());
        Self {
            input_zero_point: _mm256_set1_epi16(skip.input_zero_point.into()),
            requant: Requants::uniform(mult, skip.requant.shift()),
            zero_point: skip.zero_point,
        }
    }
}

impl Store for AddI8 {
    type Out = i8;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn store(&self, [first, second]: [__m256i; 2], out: &mut [i8]) {
        let before = _mm256_cvtepi8_epi16(load_sixteen(out));
        let before = widen(_mm256_sub_epi16(before, self.input_zero_point));
        let skipped = |x| self.requant.apply(_mm256_slli_epi32::<8>(x));
        let first = _mm256_add_epi32(first, skipped(before[0]));
        let second = _mm256_add_epi32(second, skipped(before[1]));
        store_sixteen(pack([first, second], self.zero_point), out);
    }
}
