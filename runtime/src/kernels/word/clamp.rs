//! Minima, maxima and rescaling without jumps.

use super::machine::{sign, upper};
use crate::kernels::upper::UpperRequant;

impl UpperRequant {
    /// The rescaled accumulator plus the zero point.
    #[inline(always)]
    pub(super) fn apply(self, acc: i32) -> i32 {
        // Both are checked when a requant is made. The mask tells it to the compiler.
        (upper(acc, self.mult) + self.base) >> (self.shift & 31)
    }
}

/// The larger one. The difference must fit i32.
#[inline(always)]
pub(super) fn max(a: i32, b: i32) -> i32 {
    if cfg!(target_feature = "zbb") {
        return a.max(b);
    }
    let difference = a - b;
    a - (difference & sign(difference))
}

/// The smaller one. The difference must fit i32.
#[inline(always)]
pub(super) fn min(a: i32, b: i32) -> i32 {
    if cfg!(target_feature = "zbb") {
        return a.min(b);
    }
    let difference = a - b;
    b + (difference & sign(difference))
}

/// `value` plus 128, clamped to the range of u8: the clamp of i8, with the sign bit inverted.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the lowest byte is the result"
)]
pub(super) fn sat8_plus_128(value_plus_128: i32) -> u8 {
    if cfg!(target_feature = "zbb") {
        return value_plus_128.clamp(0, 255) as u8;
    }
    let value = value_plus_128 & !sign(value_plus_128);
    // All bits of a value above 255 become ones.
    (value | sign(255 - value)) as u8
}

/// [`sat8`](crate::fixed::sat8) of a value to which 128 was added.
#[inline(always)]
pub(super) fn sat8(value_plus_128: i32) -> i8 {
    (sat8_plus_128(value_plus_128) ^ 0x80).cast_signed()
}

/// [`sat8`](crate::fixed::sat8) for values of up to `2^30` in magnitude.
#[inline(always)]
pub(crate) fn clamp8(value: i32) -> i8 {
    sat8(value + 128)
}

/// [`sat16`](crate::fixed::sat16) for values of up to `2^30` in magnitude.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is the result")]
pub(crate) fn sat16(value: i32) -> i16 {
    min(max(value, -32_768), 32_767) as i16
}
