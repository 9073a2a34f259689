//! The loop of linear layers and convolutions: every output channel of four rows, from the products
//! to the stored values.
//!
//! It is one routine, with a different end for each way to store. Thus the loop of products is in flash
//! only once, and the values of a channel stay in registers from its products to its stores.

use super::super::linear::{SkipRequant, Tail};
use super::product::group;
use super::wide::Group;
use core::arch::asm;
use core::mem::offset_of;

/// Pointers and constants of [`Channels::run_to`], which moves the pointers to the next channels.
#[repr(C)]
pub(super) struct Channels {
    /// The next channel's bias, multiplier and shift, as they are stored.
    pub(super) bias: *const [u8; 4],
    pub(super) mult: *const [u8; 4],
    pub(super) shift: *const u8,
    /// Twice the zero point, plus one: [`UpperRequant`](super::super::requant::UpperRequant)'s rounding term and
    /// zero point at a shift of 33.
    pub(super) base: i32,
    /// Where the next channel of the first row goes.
    pub(super) out: *mut u8,
    /// Four widened rows.
    pub(super) x: *const Group,
    /// Groups of a row, at least one.
    pub(super) groups: usize,
    /// Bytes from one row of the output to the next; 0 where all four rows are the same.
    pub(super) stride: usize,
    /// Distance from the end of one channel's groups to the next channel's weights: 0 to −3.
    pub(super) skew: isize,
    /// Where the first row's channels end.
    pub(super) end: *mut u8,
    /// The next channel's weights, at any alignment.
    pub(super) weights: *const i8,
    pub(super) tail: Tail,
    /// For [`Tail::Gelu`]: the table by the value plus 128.
    pub(super) table: *const i8,
    /// For [`Tail::Skip`].
    pub(super) skip: SkipRequant,
}

impl Channels {
    /// Computes and stores the channels up to `end`.
    ///
    /// # Safety
    /// The pointers must be valid for that many channels of four rows: `groups` groups,
    /// `4 · groups` weights for each channel, outputs of the tail's type, 256 values of a table.
    pub(super) unsafe fn run_to(&mut self, end: *mut u8) {
        self.end = end;
        if self.out != end {
            // SAFETY: the caller's promise.
            unsafe { run(self) };
        }
    }
}

/// Rescales one accumulator.
macro_rules! rescale {
    ($acc:literal) => {
        concat!("smmla ", $acc, ", ", $acc, ", r11, r8\n", "asr ", $acc, ", ", $acc, ", r12\n",)
    };
}

/// Adds the value that is stored at an address, rescaled.
macro_rules! skip {
    ($acc:literal, $at:literal) => {
        concat!(
            "ldrsb lr, [r9",
            $at,
            "]\n",
            "rsb lr, r12, lr, lsl #8\n",
            "smmla lr, lr, r6, r8\n",
            "asr lr, lr, r11\n",
            "add ",
            $acc,
            ", ",
            $acc,
            ", lr\n",
            "ssat ",
            $acc,
            ", #8, ",
            $acc,
            "\n",
        )
    };
}

/// Computes and stores the channels up to `end`, which must differ from `out`.
///
/// Every load of an output precedes the stores, so that four rows can be the same row.
///
/// # Safety
/// As [`Channels::run_to`].
#[inline(never)]
unsafe fn run(channels: &mut Channels) {
    // SAFETY: reads and writes what the caller promises. r6 and r7, which cannot be named as operands,
    // are restored. Not a naked function: its assembler would not know the processor's extensions.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r7, r0",
            "ldr r10, [r7, #{weights}]",
            "2:",
            "ldr r4, [r7]",
            "ldr r0, [r4]",
            "ldrd lr, r6, [r7, #{x}]",
            "mov r1, r0",
            "mov r2, r0",
            "mov r3, r0",
            "subs r6, r6, #4",
            "blo 4f",
            "3:",
            group!(),
            group!(),
            group!(),
            group!(),
            "subs r6, r6, #4",
            "bhs 3b",
            "4:",
            "adds r6, r6, #4",
            "beq 6f",
            "5:",
            group!(),
            "subs r6, r6, #1",
            "bne 5b",
            "6:",
            "ldm r7, {{r4, r5, r6, r8, r9}}",
            "ldr r11, [r5], #4",
            "ldrb r12, [r6], #1",
            "add r4, r4, #4",
            "stm r7, {{r4, r5, r6}}",
            "sub r12, r12, #33",
            "lsl r8, r8, r12",
            "add r12, r12, #1",
            rescale!("r0"),
            rescale!("r1"),
            rescale!("r2"),
            rescale!("r3"),
            "ldrd r4, r5, [r7, #{stride}]",
            "ldr r8, [r7, #{tail}]",
            "add r10, r10, r5",
            "add r5, r4, r4, lsl #1",
            // In the order of `Tail`.
            "tbb [pc, r8]",
            "7:",
            ".byte (11f - 7b) / 2",
            ".byte (12f - 7b) / 2",
            ".byte (13f - 7b) / 2",
            ".byte (14f - 7b) / 2",
            "11:",
            "ssat r0, #8, r0",
            "ssat r1, #8, r1",
            "ssat r2, #8, r2",
            "ssat r3, #8, r3",
            "b 8f",
            "12:",
            "ldr r6, [r7, #{table}]",
            "usat r0, #8, r0",
            "usat r1, #8, r1",
            "usat r2, #8, r2",
            "usat r3, #8, r3",
            "ldrb r0, [r6, r0]",
            "ldrb r1, [r6, r1]",
            "ldrb r2, [r6, r2]",
            "ldrb r3, [r6, r3]",
            "b 8f",
            "13:",
            "ldrsh r6, [r9]",
            "ldrsh r8, [r9, r4]",
            "ldrsh r11, [r9, r4, lsl #1]",
            "ldrsh r12, [r9, r5]",
            "add r0, r0, r6",
            "add r1, r1, r8",
            "add r2, r2, r11",
            "add r3, r3, r12",
            "ssat r0, #16, r0",
            "ssat r1, #16, r1",
            "ssat r2, #16, r2",
            "ssat r3, #16, r3",
            "strh r3, [r9, r5]",
            "strh r2, [r9, r4, lsl #1]",
            "strh r1, [r9, r4]",
            "strh r0, [r9], #2",
            "b 9f",
            "14:",
            "add r6, r7, #{skip}",
            "ldm r6, {{r6, r8, r11, r12}}",
            skip!("r0", ""),
            skip!("r1", ", r4"),
            skip!("r2", ", r4, lsl #1"),
            skip!("r3", ", r5"),
            "8:",
            "strb r3, [r9, r5]",
            "strb r2, [r9, r4, lsl #1]",
            "strb r1, [r9, r4]",
            "strb r0, [r9], #1",
            "9:",
            "str r9, [r7, #{out}]",
            "ldr r4, [r7, #{end}]",
            "cmp r9, r4",
            "bne 2b",
            "pop {{r6, r7}}",
            x = const offset_of!(Channels, x),
            stride = const offset_of!(Channels, stride),
            tail = const offset_of!(Channels, tail),
            table = const offset_of!(Channels, table),
            skip = const offset_of!(Channels, skip),
            out = const offset_of!(Channels, out),
            end = const offset_of!(Channels, end),
            weights = const offset_of!(Channels, weights),
            inout("r0") channels => _,
            out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            out("r10") _, out("r11") _, out("r12") _, out("lr") _,
        )
    }
}
