//! Rescales accumulators and stores them, four channels of four rows at a time.
//!
//! `VMULH` gives the upper word of a product. With it, these vectors compute the same as
//! [`UpperRequant`](super::super::requant::UpperRequant). `VQRDMULH` is not used, because it rounds at
//! another bit.

use super::super::linear::{self, SkipRequant, Tail};
use super::pack::ROWS;
use crate::kernels::operand::Linear;
use core::arch::asm;
use core::mem::{MaybeUninit, offset_of};
use core::ptr;

/// Pointers and constants of [`Store::run`], which moves the pointers to the next channels.
#[repr(C)]
pub(super) struct Store {
    /// Accumulators of the next channels.
    pub(super) acc: *const [i32; ROWS],
    /// The next channel's bias, multiplier and shift, as they are stored.
    pub(super) bias: *const [u8; 4],
    pub(super) mult: *const [u8; 4],
    pub(super) shift: *const u8,
    /// Where to store the next channel of each row. Several rows can have the same pointer.
    pub(super) out: [*mut u8; ROWS],
    /// Channels that are left.
    pub(super) channels: usize,
    /// `2 · zero point + 1`. Shifted left by `shift − 33`, this is the zero point and the rounding term, both
    /// added before the right shift.
    pub(super) base: i32,
    pub(super) tail: Tail,
    /// For [`Tail::Gelu`]: the table, indexed by the value plus 128.
    pub(super) table: *const i8,
    /// For [`Tail::Skip`].
    pub(super) skip: SkipRequant,
}

/// The same instruction for four vectors.
macro_rules! rows {
    ($before:literal, $after:literal) => {
        rows!($before, $after, "q0", "q1", "q2", "q3")
    };
    ($before:literal, $after:literal, $($row:literal),+) => {
        concat!($($before, " ", $row, ", ", $row, $after, "\n"),+)
    };
}

/// Adds to `$row` the rescaled values that the output `$out` holds before the store. Overwrites q4.
macro_rules! skip {
    ($row:literal, $out:literal) => {
        concat!(
            "vpst\n",
            "vldrbt.s32 q4, [",
            $out,
            "]\n",
            "vshl.i32 q4, q4, #8\n",
            "vsub.i32 q4, q4, r11\n",
            "vmulh.s32 q4, q4, q5\n",
            "vadd.i32 q4, q4, r9\n",
            "vshl.s32 q4, r10\n",
            "vadd.i32 ",
            $row,
            ", ",
            $row,
            ", q4\n",
        )
    };
}

impl Store {
    /// All channels of a layer, for rows that are stored from `out` on.
    pub(super) fn new(store: &linear::Store, layer: &Linear<'_>, out: [*mut u8; ROWS]) -> Self {
        let (bias, mult, shift) = layer.stored(0, layer.outputs());
        Self {
            acc: ptr::null(),
            bias: bias.as_ptr(),
            mult: mult.as_ptr(),
            shift: shift.as_ptr(),
            out,
            channels: 0,
            base: 2 * store.zero + 1,
            tail: store.tail,
            table: store.table,
            skip: store.skip,
        }
    }

    /// Rescales and stores the next `channels`, at least one.
    ///
    /// # Safety
    /// The pointers must be valid for that many channels, for as many outputs of the tail's type, and for
    /// the 256 values of a table. `acc` must have accumulators for a multiple of four channels. Those of the
    /// next `channels` must have been written.
    pub(super) unsafe fn run(&mut self, acc: &[MaybeUninit<[i32; ROWS]>], channels: usize) {
        (self.acc, self.channels) = (acc.as_ptr().cast(), channels);
        // SAFETY: the caller's promise.
        unsafe { quads(self) };
    }
}

/// Rescales and stores all channels, at least one.
///
/// Every load of an output precedes the stores, so that several rows can be the same row.
///
/// # Safety
/// As [`Store::run`].
#[inline(never)]
#[rustfmt::skip]
unsafe fn quads(store: &mut Store) {
    // SAFETY: reads and writes only what the caller promises, because the predicate leaves out channels
    // that do not exist. r6 and r7, which cannot be named as operands, are restored.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r8, r0",
            "ldm r8!, {{r0, r1, r2, r3, r4, r5, r6, r7}}",
            "ldr r12, [r8]",
            "2:",
            "ldrd r9, lr, [r8, #{base}]",
            "vctp.32 r12",
            "vpsttt",
            "vldrbt.u8 q4, [r2], #16",
            "vldrbt.u8 q5, [r1], #16",
            "vldrbt.u32 q6, [r3], #4",
            "mov r10, #33",
            "vsub.i32 q6, q6, r10",
            // `32 − shift`. It is negative, so `vshl` shifts to the right.
            "vmvn q7, q6",
            "vdup.32 q0, r9",
            "vshl.s32 q6, q0, q6",
            "vld40.32 {{q0, q1, q2, q3}}, [r0]",
            "vld41.32 {{q0, q1, q2, q3}}, [r0]",
            "vld42.32 {{q0, q1, q2, q3}}, [r0]",
            "vld43.32 {{q0, q1, q2, q3}}, [r0]!",
            rows!("vadd.i32", ", q5"),
            rows!("vmulh.s32", ", q4"),
            rows!("vadd.i32", ", q6"),
            rows!("vshl.s32", ", q7"),
            // Jumps by the number of the `Tail`.
            "tbb [pc, lr]",
            "3:",
            ".byte (11f - 3b) / 2",
            ".byte (12f - 3b) / 2",
            ".byte (13f - 3b) / 2",
            ".byte (14f - 3b) / 2",
            "12:",
            "ldr r9, [r8, #{table}]",
            "vmov.i32 q4, #0",
            "vmov.i32 q5, #255",
            rows!("vmax.s32", ", q4"),
            rows!("vmin.s32", ", q5"),
            "vldrb.u32 q4, [r9, q0]",
            "vldrb.u32 q5, [r9, q1]",
            "vldrb.u32 q6, [r9, q2]",
            "vldrb.u32 q7, [r9, q3]",
            "vpstttt",
            "vstrbt.32 q4, [r4], #4",
            "vstrbt.32 q5, [r5], #4",
            "vstrbt.32 q6, [r6], #4",
            "vstrbt.32 q7, [r7], #4",
            "b 9f",
            "13:",
            "vpstttt",
            "vldrht.s32 q4, [r4]",
            "vldrht.s32 q5, [r5]",
            "vldrht.s32 q6, [r6]",
            "vldrht.s32 q7, [r7]",
            "vadd.i32 q0, q0, q4",
            "vadd.i32 q1, q1, q5",
            "vadd.i32 q2, q2, q6",
            "vadd.i32 q3, q3, q7",
            rows!("vqmovnb.s32", ""),
            "vpstttt",
            "vstrht.32 q0, [r4], #8",
            "vstrht.32 q1, [r5], #8",
            "vstrht.32 q2, [r6], #8",
            "vstrht.32 q3, [r7], #8",
            "b 9f",
            "14:",
            "add r11, r8, #{skip}",
            "ldm r11, {{r9, r10, r11, lr}}",
            "vdup.32 q5, r9",
            "mov r9, r10",
            "rsb r10, r11, #0",
            "mov r11, lr",
            skip!("q0", "r4"),
            skip!("q1", "r5"),
            skip!("q2", "r6"),
            skip!("q3", "r7"),
            "11:",
            rows!("vqmovnb.s32", ""),
            rows!("vqmovnb.s16", ""),
            "vpstttt",
            "vstrbt.32 q0, [r4], #4",
            "vstrbt.32 q1, [r5], #4",
            "vstrbt.32 q2, [r6], #4",
            "vstrbt.32 q3, [r7], #4",
            "9:",
            "subs r12, r12, #4",
            "bhi 2b",
            "sub r8, r8, #{channels} - {bias}",
            "stm r8, {{r1, r2, r3, r4, r5, r6, r7}}",
            "pop {{r6, r7}}",
            bias = const offset_of!(Store, bias),
            channels = const offset_of!(Store, channels),
            base = const offset_of!(Store, base) - offset_of!(Store, channels),
            table = const offset_of!(Store, table) - offset_of!(Store, channels),
            skip = const offset_of!(Store, skip) - offset_of!(Store, channels),
            inout("r0") store => _,
            out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _,
            out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
        );
    }
}
