//! Products of four rows with one channel.

use core::arch::asm;

/// One input: eleven instructions for four products. r12 is the distance of the weights.
macro_rules! input {
    () => {
        "ldrsb r3, [r1, r2]
         add r2, r12
         ldm r0!, {{r4, r5, r6, r7}}
         muls r4, r3, r4
         muls r5, r3, r5
         muls r6, r3, r6
         muls r7, r3, r7
         add r8, r4
         add r9, r5
         add r10, r6
         add r11, r7"
    };
}

/// Adds products of four interleaved rows with a channel, whose weights lie side by side, to `acc[0][row]`.
///
/// Does nothing if `w` lacks a weight, which is a fault of the caller.
#[inline(always)]
pub(in super::super) fn rows(x: &[[i32; 4]], w: &[i8], _: usize, acc: &mut [[i32; 4]; 1]) {
    let enough = w.len() >= x.len();
    debug_assert!(enough, "a weight for each input");
    if enough {
        // SAFETY: as many weights as inputs lie inside `w`.
        unsafe { run(x, w.as_ptr(), 1, acc) }
    }
}

/// As [`rows`], with `apart` values from one weight to the next, and `acc` 0 before.
///
/// Does nothing if `w` lacks a weight, which is a fault of the caller.
#[inline(always)]
pub(in super::super) fn columns(x: &[[i32; 4]], w: &[i8], apart: usize, acc: &mut [[i32; 4]; 1]) {
    let enough = !x.is_empty() && w.len() > (x.len() - 1) * apart;
    debug_assert!(enough, "a weight for each input");
    if enough {
        // SAFETY: the last weight lies inside `w`.
        unsafe { run(x, w.as_ptr(), apart, acc) }
    }
}

/// [`columns`] after its check.
///
/// # Safety
/// Each input must have a weight.
#[inline(never)]
unsafe fn run(x: &[[i32; 4]], w: *const i8, apart: usize, acc: &mut [[i32; 4]; 1]) {
    let x = x.as_ptr_range();
    let fours = (x.end.addr() - x.start.addr()) & !63;
    // SAFETY: reads `x` from its start to its end and a weight for each input, and changes `acc`. r6 and r7, which
    // cannot be named as operands, are restored.
    unsafe {
        asm!(
            "push {{r3, r5, r6, r7}}",
            "mov r12, r2",
            "mov lr, r4",
            "ldm r3!, {{r4, r5, r6, r7}}",
            "mov r8, r4",
            "mov r9, r5",
            "mov r10, r6",
            "mov r11, r7",
            "movs r2, #0",
            "cmp r0, lr",
            "beq 3f",
            "2:",
            input!(),
            input!(),
            input!(),
            input!(),
            "cmp r0, lr",
            "bne 2b",
            "3:",
            "ldr r4, [sp, #4]",
            "mov lr, r4",
            "cmp r0, lr",
            "beq 5f",
            "4:",
            input!(),
            "cmp r0, lr",
            "bne 4b",
            "5:",
            "mov r4, r8",
            "mov r5, r9",
            "mov r6, r10",
            "mov r7, r11",
            "ldr r3, [sp]",
            "stm r3!, {{r4, r5, r6, r7}}",
            "pop {{r3, r5, r6, r7}}",
            inout("r0") x.start => _,
            in("r1") w,
            inout("r2") apart => _,
            in("r3") acc.as_mut_ptr(),
            inout("r4") x.start.wrapping_byte_add(fours) => _,
            in("r5") x.end,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
        );
    }
}
