//! From an accumulator to a stored value in two instructions.

use super::instructions::smmla;
use crate::fixed::Requant;

/// `zero_point + (acc · mult + 2^(shift − 1)) >> shift` by the upper word of the product alone.
///
/// With `shift ≥ 33` the rounding term has no bits in the lower word, so the lower word of the
/// product cannot change the result; the zero point is added before the last shift, as bits that it
/// leaves.
#[derive(Clone, Copy)]
pub(super) struct HighWord {
    mult: i32,
    /// Rounding term and zero point, as an upper word.
    base: i32,
    /// `shift − 32`.
    shift: u32,
}

impl HighWord {
    /// Gives 0.
    pub(super) const ZERO: Self = Self { mult: 0, base: 0, shift: 1 };

    /// `None` for shifts outside `33..=54`: there the base would need lower bits, or not fit.
    ///
    /// # Ranges and overflow
    /// With `0 ≤ mult < 2^31` the product's upper word is at most `2^30` in magnitude, the rounding
    /// term below `2^21`, and a zero point of at most `2^7` times `2^22` below `2^29`.
    #[inline(always)]
    pub(super) fn new(mult: i32, shift: u8, zero_point: i8) -> Option<Self> {
        let shift = u32::from(shift).wrapping_sub(32);
        if shift.wrapping_sub(1) >= 22 {
            return None;
        }
        let base = (i32::from(zero_point) * 2 + 1) << (shift - 1);
        Some(Self { mult, base, shift })
    }

    /// The rescaled accumulator plus the zero point.
    #[inline(always)]
    pub(super) fn apply(self, acc: i32) -> i32 {
        smmla(acc, self.mult, self.base) >> self.shift
    }
}

/// The multiplier of [`Requant::nearest`].
#[inline(always)]
pub(super) fn nearest_mult(mult: i32) -> i32 {
    mult.max(Requant::MIN_MULT)
}
