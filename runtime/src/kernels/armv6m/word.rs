//! Arithmetic of single words.

use core::arch::asm;

/// The upper word of a product with `0 ≤ b`.
///
/// In products of halves. The compiler would call a function that computes all of the 64 bits.
#[inline(always)]
pub(in super::super) fn upper(a: i32, b: i32) -> i32 {
    let (a_low, a_high) = (a & 0xFFFF, a >> 16);
    let (b_low, b_high) = (b & 0xFFFF, b >> 16);
    // `a_low · b_high` is below 2^31, and the rest of the lower product below 2^16.
    let low = a_low.wrapping_mul(b_low).cast_unsigned() >> 16;
    let middle = a_low.wrapping_mul(b_high).cast_unsigned() + low;
    let other = a_high.wrapping_mul(b_low).wrapping_add((middle & 0xFFFF).cast_signed());
    a_high.wrapping_mul(b_high).wrapping_add((middle >> 16).cast_signed()).wrapping_add(other >> 16)
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
            "asrs {sign}, {value}, #31",
            sign = lateout(reg) sign,
            value = in(reg) value,
            options(pure, nomem, nostack)
        );
    }
    sign
}

/// `2^31 / sum`, rounded down, for `255 ≤ sum < 2^31`.
///
/// Bit by bit, because the processor has no divider. The function that the compiler calls for it takes a number of
/// instructions that depends on the sum.
#[inline(never)]
pub(in super::super) fn reciprocal(sum: u32) -> u32 {
    // The quotient is below 2^24: the first eight bits of 2^31 are less than the sum.
    let (mut rest, mut quotient) = (1 << 7, 0);
    for _ in 0..24 {
        rest <<= 1;
        // All ones if the sum is larger than the rest.
        let larger = sign(rest - sum.cast_signed()).cast_unsigned();
        rest -= (sum & !larger).cast_signed();
        quotient = quotient << 1 | (1 & !larger);
    }
    quotient
}
