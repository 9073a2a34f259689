//! Products of four rows with four channels whose weights lie side by side.

use super::rows::CHANNELS;
use core::arch::asm;

/// The products of one weight with the values of four rows.
macro_rules! channel {
    ($at:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "lb s11, ",
            $at,
            "(a2)\n",
            "mul ra, s11, a5\n",
            "add ",
            $a,
            ", ",
            $a,
            ", ra\n",
            "mul ra, s11, a6\n",
            "add ",
            $b,
            ", ",
            $b,
            ", ra\n",
            "mul ra, s11, a7\n",
            "add ",
            $c,
            ", ",
            $c,
            ", ra\n",
            "mul s11, s11, s0\n",
            "add ",
            $d,
            ", ",
            $d,
            ", s11\n",
        )
    };
}

/// `acc[channel][row] = Σ x · w` for four interleaved rows. From one input to the next there are `apart`
/// weights, of which the first four are used.
///
/// Does nothing if `w` lacks a weight, which is a fault of the caller.
#[inline(always)]
pub(in super::super) fn columns(
    x: &[[i32; 4]],
    w: &[i8],
    apart: usize,
    acc: &mut [[i32; 4]; CHANNELS],
) {
    let enough = !x.is_empty() && w.len() >= (x.len() - 1) * apart + CHANNELS;
    debug_assert!(enough, "weights for each input");
    if enough {
        // SAFETY: the weights of the last input lie inside `w`.
        unsafe { run(x, w.as_ptr(), apart, acc) }
    }
}

/// [`columns`] after its check.
///
/// # Safety
/// `x` must not be empty, and each input must have its weights.
#[inline(never)]
unsafe fn run(x: &[[i32; 4]], w: *const i8, apart: usize, acc: &mut [[i32; 4]; CHANNELS]) {
    let x = x.as_ptr_range();
    // SAFETY: reads `x` from its start to its end and four weights for each input, and writes `acc`. s0, which
    // cannot be named as an operand, is restored.
    unsafe {
        asm!(
            "addi sp, sp, -16",
            "sw s0, 0(sp)",
            "sw a4, 4(sp)",
            "li t0, 0",
            "li t1, 0",
            "li t2, 0",
            "li t3, 0",
            "li t4, 0",
            "li t5, 0",
            "li t6, 0",
            "li s2, 0",
            "li s3, 0",
            "li s4, 0",
            "li s5, 0",
            "li s6, 0",
            "li s7, 0",
            "li s8, 0",
            "li s9, 0",
            "li s10, 0",
            "2:",
            "lw a5, 0(a0)",
            "lw a6, 4(a0)",
            "lw a7, 8(a0)",
            "lw s0, 12(a0)",
            channel!("0", "t0", "t1", "t2", "t3"),
            channel!("1", "t4", "t5", "t6", "s2"),
            channel!("2", "s3", "s4", "s5", "s6"),
            channel!("3", "s7", "s8", "s9", "s10"),
            "addi a0, a0, 16",
            "add a2, a2, a3",
            "bne a0, a1, 2b",
            "lw s0, 0(sp)",
            "lw a4, 4(sp)",
            "addi sp, sp, 16",
            "sw t0, 0(a4)",
            "sw t1, 4(a4)",
            "sw t2, 8(a4)",
            "sw t3, 12(a4)",
            "sw t4, 16(a4)",
            "sw t5, 20(a4)",
            "sw t6, 24(a4)",
            "sw s2, 28(a4)",
            "sw s3, 32(a4)",
            "sw s4, 36(a4)",
            "sw s5, 40(a4)",
            "sw s6, 44(a4)",
            "sw s7, 48(a4)",
            "sw s8, 52(a4)",
            "sw s9, 56(a4)",
            "sw s10, 60(a4)",
            inout("a0") x.start => _,
            in("a1") x.end,
            inout("a2") w => _,
            in("a3") apart,
            inout("a4") acc.as_mut_ptr() => _,
            out("ra") _, out("a5") _, out("a6") _, out("a7") _,
            out("t0") _, out("t1") _, out("t2") _, out("t3") _, out("t4") _, out("t5") _, out("t6") _,
            out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _,
            out("s9") _, out("s10") _, out("s11") _,
        );
    }
}
