//! Products of four rows with four channels whose weights lie in rows.

use core::arch::asm;
use core::array;

/// Channels whose sums are computed together.
pub(in super::super) const CHANNELS: usize = 4;

/// The products of one weight with the values of four rows.
macro_rules! channel {
    ($at:literal, $weights:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "lb s11, ",
            $at,
            "(",
            $weights,
            ")\n",
            "mul ra, s11, a4\n",
            "add ",
            $a,
            ", ",
            $a,
            ", ra\n",
            "mul ra, s11, a7\n",
            "add ",
            $b,
            ", ",
            $b,
            ", ra\n",
            "mul ra, s11, s0\n",
            "add ",
            $c,
            ", ",
            $c,
            ", ra\n",
            "mul s11, s11, s1\n",
            "add ",
            $d,
            ", ",
            $d,
            ", s11\n",
        )
    };
}

/// One input: 40 instructions for sixteen products.
macro_rules! input {
    ($at:literal) => {
        concat!(
            "lb a4, 4*",
            $at,
            "(a0)\n",
            "lb a7, 4*",
            $at,
            "+1(a0)\n",
            "lb s0, 4*",
            $at,
            "+2(a0)\n",
            "lb s1, 4*",
            $at,
            "+3(a0)\n",
            channel!($at, "a2", "t0", "t1", "t2", "t3"),
            channel!($at, "a3", "t4", "t5", "t6", "s2"),
            channel!($at, "a5", "s3", "s4", "s5", "s6"),
            channel!($at, "a6", "s7", "s8", "s9", "s10"),
        )
    };
}

/// Moves the pointers by a number of inputs.
macro_rules! advance {
    ($by:literal) => {
        concat!(
            "addi a0, a0, 4*",
            $by,
            "\n",
            "addi a2, a2, ",
            $by,
            "\n",
            "addi a3, a3, ",
            $by,
            "\n",
            "addi a5, a5, ",
            $by,
            "\n",
            "addi a6, a6, ",
            $by,
            "\n",
        )
    };
}

/// Adds products of four interleaved rows with four channels to `acc[channel][row]`. The weights of a channel
/// begin `apart` values after those of the channel before.
///
/// Does nothing if `w` lacks a weight, which is a fault of the caller.
#[inline(always)]
pub(in super::super) fn rows(
    x: &[[i8; 4]],
    w: &[i8],
    apart: usize,
    acc: &mut [[i32; 4]; CHANNELS],
) {
    let enough = w.len() >= 3 * apart + x.len();
    debug_assert!(enough, "a weight for each input");
    if enough {
        // SAFETY: four rows of weights, each as long as `x`, lie inside `w`.
        unsafe { run(x, w.as_ptr(), apart, acc) }
    }
}

/// [`rows`] after its check.
///
/// # Safety
/// From `w` on there must be four rows of `x.len()` weights, `apart` values from one to the next.
#[inline(never)]
unsafe fn run(x: &[[i8; 4]], w: *const i8, apart: usize, acc: &mut [[i32; 4]; CHANNELS]) {
    let x = x.as_ptr_range();
    let len = x.end.addr() - x.start.addr();
    let [w0, w1, w2, w3]: [_; CHANNELS] = array::from_fn(|channel| w.wrapping_add(channel * apart));
    // SAFETY: reads `x` from its start to its end and as many weights of each row, and changes `acc`. s0 and
    // s1, which cannot be named as operands, are restored.
    unsafe {
        asm!(
            "addi sp, sp, -16",
            "sw s0, 0(sp)",
            "sw s1, 4(sp)",
            "sw a4, 8(sp)",
            "sw a7, 12(sp)",
            "lw t0, 0(a4)",
            "lw t1, 4(a4)",
            "lw t2, 8(a4)",
            "lw t3, 12(a4)",
            "lw t4, 16(a4)",
            "lw t5, 20(a4)",
            "lw t6, 24(a4)",
            "lw s2, 28(a4)",
            "lw s3, 32(a4)",
            "lw s4, 36(a4)",
            "lw s5, 40(a4)",
            "lw s6, 44(a4)",
            "lw s7, 48(a4)",
            "lw s8, 52(a4)",
            "lw s9, 56(a4)",
            "lw s10, 60(a4)",
            "beq a0, a1, 3f",
            "2:",
            input!("0"),
            input!("1"),
            input!("2"),
            input!("3"),
            input!("4"),
            input!("5"),
            input!("6"),
            input!("7"),
            advance!("8"),
            "bne a0, a1, 2b",
            "3:",
            "lw a1, 12(sp)",
            "beq a0, a1, 5f",
            "4:",
            input!("0"),
            advance!("1"),
            "bne a0, a1, 4b",
            "5:",
            "lw a4, 8(sp)",
            "lw s0, 0(sp)",
            "lw s1, 4(sp)",
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
            inout("a1") x.start.wrapping_byte_add(len & !31) => _,
            inout("a2") w0 => _,
            inout("a3") w1 => _,
            inout("a4") acc.as_mut_ptr() => _,
            inout("a5") w2 => _,
            inout("a6") w3 => _,
            inout("a7") x.end => _,
            out("ra") _,
            out("t0") _, out("t1") _, out("t2") _, out("t3") _, out("t4") _, out("t5") _, out("t6") _,
            out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _,
            out("s9") _, out("s10") _, out("s11") _,
        );
    }
}
