//! Instructions of the DSP extension as functions, because their intrinsics are not stable.
//!
//! A word holds two i16 halves or four i8 bytes, the lowest first.

use core::arch::asm;

/// Defines `fn name(operands: type) -> type` as one instruction.
macro_rules! instruction {
    ($(#[$doc:meta])* $name:ident($($operand:ident: $from:ty),+) -> $to:ty, $text:literal) => {
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name($($operand: $from),+) -> $to {
            let result: $to;
            // SAFETY: the instruction reads and writes registers only, and this module is built
            // only for processors that have it.
            unsafe {
                asm!(
                    $text,
                    result = lateout(reg) result,
                    $($operand = in(reg) $operand,)+
                    options(pure, nomem, nostack)
                );
            }
            result
        }
    };
}

instruction! {
    /// Bytes 0 and 2, sign-extended to halves.
    sxtb16(x: u32) -> u32, "sxtb16 {result}, {x}"
}
instruction! {
    /// Bytes 1 and 3, sign-extended to halves.
    sxtb16_odd(x: u32) -> u32, "sxtb16 {result}, {x}, ror #8"
}
instruction! {
    /// Bytes 0 and 2, sign-extended and added to the halves of `acc`.
    sxtab16(acc: u32, x: u32) -> u32, "sxtab16 {result}, {acc}, {x}"
}
instruction! {
    /// Bytes 1 and 3, sign-extended and added to the halves of `acc`.
    sxtab16_odd(acc: u32, x: u32) -> u32, "sxtab16 {result}, {acc}, {x}, ror #8"
}
instruction! {
    /// `acc` plus the products of both halves.
    smlad(x: u32, y: u32, acc: i32) -> i32, "smlad {result}, {x}, {y}, {acc}"
}
instruction! {
    /// `acc` plus the upper word of `x · y`.
    smmla(x: i32, y: i32, acc: i32) -> i32, "smmla {result}, {x}, {y}, {acc}"
}
instruction! {
    /// Shifts right by at most 31. For `>>`, a compiler masks `by` with one more instruction.
    asr(x: i32, by: u32) -> i32, "asr {result}, {x}, {by}"
}
instruction! {
    /// Clamps to the range of i8. The compiler turns `fixed::sat8` into compares and moves.
    ssat8(x: i32) -> i32, "ssat {result}, #8, {x}"
}
instruction! {
    /// Clamps to the range of i16.
    ssat16(x: i32) -> i32, "ssat {result}, #16, {x}"
}
instruction! {
    /// The sums of both halves.
    uadd16(x: u32, y: u32) -> u32, "uadd16 {result}, {x}, {y}"
}
instruction! {
    /// The lower half of `low` beside the lower half of `high`.
    pkhbt(low: u32, high: u32) -> u32, "pkhbt {result}, {low}, {high}, lsl #16"
}

/// `acc` plus the products of both halves, in 64 bits.
#[inline(always)]
pub(super) fn smlald(x: u32, y: u32, acc: (u32, u32)) -> (u32, u32) {
    let (mut low, mut high) = acc;
    // SAFETY: the instruction reads and writes registers only, and every processor of this module has it.
    unsafe {
        asm!(
            "smlald {low}, {high}, {x}, {y}",
            low = inout(reg) low,
            high = inout(reg) high,
            x = in(reg) x,
            y = in(reg) y,
            options(pure, nomem, nostack)
        );
    }
    (low, high)
}

/// Four bytes at any alignment as a word.
///
/// # Safety
/// `bytes` must point to four readable bytes.
#[inline(always)]
pub(super) unsafe fn word(bytes: *const i8) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { bytes.cast::<u32>().read_unaligned() }
}
