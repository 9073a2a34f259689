//! The loop of all products: four widened rows times one row of i8 values.

use super::wide::{Group, ROWS};
use core::arch::asm;

/// One group: four weights against four values of each row, 13 instructions for 16 products.
macro_rules! group {
    () => {
        "ldr r11, [r10], #4
         ldm lr!, {{r4, r5, r8, r9}}
         sxtb16 r12, r11
         smlad r0, r4, r12, r0
         smlad r1, r5, r12, r1
         smlad r2, r8, r12, r2
         smlad r3, r9, r12, r3
         ldm lr!, {{r4, r5, r8, r9}}
         sxtb16 r11, r11, ror #8
         smlad r0, r4, r11, r0
         smlad r1, r5, r11, r1
         smlad r2, r8, r11, r2
         smlad r3, r9, r11, r3"
    };
}
pub(super) use group;

/// `start + Σ x · w` for each of four widened rows.
///
/// Blocks of two rows by two columns need 15 instructions for the same products. Weights widened in
/// advance need fewer, but would be copied to RAM.
///
/// # Safety
/// `weights` must point to `4 · x.len()` readable values, at any alignment.
#[inline(always)]
pub(super) unsafe fn four_rows(x: &[Group], weights: *const i8, start: i32) -> [i32; ROWS] {
    let (mut a, mut b, mut c, mut d) = (start, start, start, start);
    // SAFETY: reads `x` from its start to its end and the weights that the caller promises. r6,
    // which cannot be named as an operand, is restored.
    unsafe {
        asm!(
            "push {{r6}}",
            "subs r6, r12, #4",
            "blo 3f",
            "2:",
            group!(),
            group!(),
            group!(),
            group!(),
            "subs r6, r6, #4",
            "bhs 2b",
            "3:",
            "adds r6, r6, #4",
            "beq 5f",
            "4:",
            group!(),
            "subs r6, r6, #1",
            "bne 4b",
            "5:",
            "pop {{r6}}",
            inout("r0") a, inout("r1") b, inout("r2") c, inout("r3") d,
            inout("r10") weights => _,
            inout("r12") x.len() => _,
            inout("lr") x.as_ptr() => _,
            out("r4") _, out("r5") _, out("r8") _, out("r9") _, out("r11") _,
            options(pure, readonly)
        );
    }
    [a, b, c, d]
}
