//! From an accumulator to a stored value in two instructions.

use super::instructions::{asr, smmla, ssat8, ssat16};
pub(super) use crate::kernels::upper::UpperRequant;

impl UpperRequant {
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
