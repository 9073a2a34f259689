//! From an accumulator to a stored value in two instructions.

use super::instructions::{asr, smmla, ssat8, ssat16};
use crate::fixed::UPPER_SHIFTS;

/// `zero_point + (acc · mult + 2^(shift − 1)) >> shift` by the upper word of the product alone.
///
/// With `shift ≥ 33` the rounding term has no bits in the lower word, so the lower word of the
/// product cannot change the result. The zero point is added before the last shift, shifted left by
/// as much.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct UpperRequant {
    pub(super) mult: i32,
    /// Rounding term and zero point, as an upper word.
    pub(super) base: i32,
    /// `shift − 32`.
    pub(super) shift: u32,
}

impl UpperRequant {
    /// Gives 0.
    pub(super) const ZERO: Self = Self { mult: 0, base: 0, shift: 1 };

    /// `None` for shifts outside [`UPPER_SHIFTS`].
    pub(super) fn new(mult: i32, shift: u8, zero: i32) -> Option<Self> {
        UPPER_SHIFTS.contains(&shift).then(|| Self::in_range(mult, shift, zero))
    }

    /// As [`Self::new`] for shifts within [`UPPER_SHIFTS`]. For others the result has no meaning.
    ///
    /// # Ranges and overflow
    /// With `0 ≤ mult < 2^31` the product's upper word is at most `2^30` in magnitude. With
    /// `−2^7 ≤ zero < 2^8` the sum of rounding term and zero point is at most `511 · 2^21 < 2^30`.
    #[inline(always)]
    pub(super) fn in_range(mult: i32, shift: u8, zero: i32) -> Self {
        let shift = u32::from(shift).wrapping_sub(32);
        let base = (zero * 2 + 1).wrapping_shl(shift.wrapping_sub(1));
        Self { mult, base, shift }
    }

    /// The rescaled accumulator plus the zero point.
    #[inline(always)]
    pub(super) fn apply(self, acc: i32) -> i32 {
        asr(smmla(acc, self.mult, self.base), self.shift)
    }
}

/// [`sat8`](crate::fixed::sat8) in one instruction.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the value is clamped to the range of i8")]
pub(super) fn sat8(value: i32) -> i8 {
    ssat8(value) as i8
}

/// [`sat16`](crate::fixed::sat16) in one instruction.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the value is clamped to the range of i16")]
pub(super) fn sat16(value: i32) -> i16 {
    ssat16(value) as i16
}
