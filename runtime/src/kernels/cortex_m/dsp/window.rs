//! The loop of depthwise convolutions: four channels at neighbouring positions whose windows have
//! the same taps, from the products to the stored values.

use super::super::requant::UpperRequant;
use core::arch::asm;
use core::mem::offset_of;
use core::ptr;

/// Channels that are computed together.
pub(super) const CHANNELS: usize = 4;

/// The weights of channels 0 and 2 at one tap as halves, then those of channels 1 and 3.
pub(super) type Tap = [u32; 2];

/// Pointers and constants of [`Window::run_to`], which moves the pointers to the next positions.
#[repr(C)]
pub(super) struct Window {
    /// The first position's first tap, at any alignment.
    pub(super) x: *const i8,
    /// The first tap's weights.
    pub(super) weights: *const Tap,
    /// Biases, each plus the padding value times the sum of the channel's weights.
    pub(super) bias: [i32; CHANNELS],
    /// Where the first position's values go.
    pub(super) out: *mut i8,
    /// GELU by the value plus 128.
    pub(super) table: *const i8,
    pub(super) requants: [UpperRequant; CHANNELS],
    /// The padding value, negated, in both halves.
    pub(super) minus_pad: u32,
    /// Values from one position to the next.
    pub(super) channels: usize,
    /// Values from one row of the grid to the next.
    pub(super) row: usize,
    pub(super) taps: Taps,
    /// Where the last position's values end.
    pub(super) end: *mut i8,
}

/// The taps of a window that are inside the grid: rows, then columns. The code for fewer rows is the last
/// part of the code for more rows. Assembly jumps by the order of these cases.
#[repr(u32)]
#[derive(Clone, Copy)]
pub(super) enum Taps {
    ThreeByThree,
    TwoByThree,
    OneByThree,
    ThreeByTwo,
    TwoByTwo,
    OneByTwo,
}

impl Taps {
    /// `None` for other numbers, which have no code.
    pub(super) const fn new(rows: usize, columns: usize) -> Option<Self> {
        match (rows, columns) {
            (3, 3) => Some(Self::ThreeByThree),
            (2, 3) => Some(Self::TwoByThree),
            (1, 3) => Some(Self::OneByThree),
            (3, 2) => Some(Self::ThreeByTwo),
            (2, 2) => Some(Self::TwoByTwo),
            (1, 2) => Some(Self::OneByTwo),
            _ => None,
        }
    }
}

impl Window {
    /// No positions, tables or weights.
    pub(super) const NOWHERE: Self = Self {
        x: ptr::null(),
        weights: ptr::null(),
        bias: [0; CHANNELS],
        out: ptr::null_mut(),
        table: ptr::null(),
        requants: [UpperRequant::ZERO; CHANNELS],
        minus_pad: 0,
        channels: 0,
        row: 0,
        taps: Taps::ThreeByThree,
        end: ptr::null_mut(),
    };

    /// Computes and stores the positions up to `end`.
    ///
    /// # Safety
    /// The taps of those positions must be readable, their outputs writable, the table must have 256
    /// values and the weights as many taps as `taps` says, in rows of three.
    pub(super) unsafe fn run_to(&mut self, end: *mut i8) {
        self.end = end;
        if self.out != end {
            // SAFETY: the caller's promise.
            unsafe { run(self) };
        }
    }
}

/// The products of one tap at an offset from the row's first: values minus the padding, channels in order.
macro_rules! tap {
    ($offset:literal) => {
        concat!(
            "ldr r9, [r4",
            $offset,
            "]
             ldrd r10, r11, [r5], #8
             sxtab16 r8, r6, r9
             sxtab16 r9, r6, r9, ror #8
             smlabb r0, r8, r10, r0
             smlatt r2, r8, r10, r2
             smlabb r1, r9, r11, r1
             smlatt r3, r9, r11, r3\n"
        )
    };
}

macro_rules! three_taps {
    () => {
        concat!(tap!(""), tap!(", r12"), tap!(", r12, lsl #1"))
    };
}

/// Two taps; the third, which is skipped, has eight bytes of weights.
macro_rules! two_taps {
    () => {
        concat!(tap!(""), tap!(", r12"), "add r5, r5, #8\n")
    };
}

/// Rescales one channel and looks up its GELU.
macro_rules! value {
    ($acc:literal) => {
        concat!(
            "ldm r6!, {{r8, r9, r10}}\n",
            "smmla ",
            $acc,
            ", ",
            $acc,
            ", r8, r9\n",
            "asr ",
            $acc,
            ", ",
            $acc,
            ", r10\n",
            "usat ",
            $acc,
            ", #8, ",
            $acc,
            "\n",
            "ldrb ",
            $acc,
            ", [r5, ",
            $acc,
            "]\n",
        )
    };
}

/// Computes and stores the positions up to `end`. Over all positions r7 holds the window, r12 the
/// distance of positions, lr the distance of rows.
///
/// # Safety
/// As [`Window::run_to`].
#[inline(never)]
unsafe fn run(window: &mut Window) {
    // SAFETY: reads and writes what the caller promises. r6 and r7, which cannot be named as operands,
    // are restored. Not a naked function: its assembler would not know the processor's extensions.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r7, r0",
            "ldrd r12, lr, [r7, #{channels}]",
            "2:",
            "ldm r7, {{r4, r5}}",
            "ldrd r0, r1, [r7, #{bias}]",
            "ldrd r2, r3, [r7, #{bias} + 8]",
            "ldr r6, [r7, #{minus_pad}]",
            "ldr r8, [r7, #{taps}]",
            // In the order of `Taps`.
            "tbh [pc, r8, lsl #1]",
            "3:",
            ".short (4f - 3b) / 2",
            ".short (5f - 3b) / 2",
            ".short (6f - 3b) / 2",
            ".short (7f - 3b) / 2",
            ".short (8f - 3b) / 2",
            ".short (9f - 3b) / 2",
            "4:",
            three_taps!(),
            "add r4, r4, lr",
            "5:",
            three_taps!(),
            "add r4, r4, lr",
            "6:",
            three_taps!(),
            "b 10f",
            "7:",
            two_taps!(),
            "add r4, r4, lr",
            "8:",
            two_taps!(),
            "add r4, r4, lr",
            "9:",
            two_taps!(),
            "10:",
            "ldrd r4, r5, [r7, #{out}]",
            "add r6, r7, #{requants}",
            value!("r0"),
            value!("r1"),
            value!("r2"),
            value!("r3"),
            "strb r0, [r4]",
            "strb r1, [r4, #1]",
            "strb r2, [r4, #2]",
            "strb r3, [r4, #3]",
            "ldr r8, [r7]",
            "ldr r9, [r7, #{end}]",
            "add r4, r4, r12",
            "add r8, r8, r12",
            "str r4, [r7, #{out}]",
            "str r8, [r7]",
            "cmp r4, r9",
            "bne 2b",
            "pop {{r6, r7}}",
            channels = const offset_of!(Window, channels),
            bias = const offset_of!(Window, bias),
            minus_pad = const offset_of!(Window, minus_pad),
            taps = const offset_of!(Window, taps),
            out = const offset_of!(Window, out),
            requants = const offset_of!(Window, requants),
            end = const offset_of!(Window, end),
            inout("r0") window => _,
            out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            out("r10") _, out("r11") _, out("r12") _, out("lr") _,
        )
    }
}
