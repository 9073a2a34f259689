//! Arithmetic of single words.

use core::arch::asm;

/// The upper word of a product.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the upper word of 64 bits has 32")]
pub(in super::super) const fn upper(a: i32, b: i32) -> i32 {
    ((a as i64 * b as i64) >> 32) as i32
}

/// −1 if the value is negative, otherwise 0.
///
/// In assembly. Otherwise the compiler finds the minimum or the maximum that the mask is for, and this
/// processor has only jumps for it.
#[inline(always)]
pub(in super::super) fn sign(value: i32) -> i32 {
    let sign;
    // SAFETY: the instruction reads and writes registers only.
    unsafe {
        asm!(
            "srai {sign}, {value}, 31",
            sign = lateout(reg) sign,
            value = in(reg) value,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sign
}

/// `2^31 / sum`, rounded down.
#[inline(always)]
pub(in super::super) fn reciprocal(sum: u32) -> u32 {
    (1 << 31) / sum.max(1)
}
