//! Depthwise convolutions: four channels at four neighbouring positions at a time.
//!
//! Four channels of the grid are copied with padding around them, so that sixteen bytes are four
//! positions. The products of two taps are added as i16; their sum fits because no weight is −128.
//! Further sums are i32.

use super::super::linear::by_value_plus_128;
use crate::config::Grid;
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::scalar;
use crate::rows::{part, rows};
use crate::window::Band;
use core::arch::asm;
use core::mem::offset_of;
use core::ptr;

/// Channels, and positions, that are computed together.
const TOGETHER: usize = 4;
/// Taps of a window.
const TAPS: usize = 9;
/// Maximum number of positions with their padding: 16 × 16 and a border. Larger grids use the scalar
/// kernel.
const POSITIONS: usize = 18 * 18;

/// Four channels of one position.
type Word = [u8; TOGETHER];

/// Positions, aligned for loads of words.
#[repr(C, align(4))]
struct Padded([Word; POSITIONS]);

/// Accumulators of channels 0 to 3 in q0 to q3, from one tap.
macro_rules! first_tap {
    ($row:literal, $x:literal, $w:literal) => {
        concat!(
            "vldrw.32 q4, [",
            $row,
            ", ",
            $x,
            "]\n",
            "vldrw.32 q5, [r5, ",
            $w,
            "]\n",
            "vmullb.s8 q6, q4, q5\n",
            "vmullt.s8 q7, q4, q5\n",
            "vmovlb.s16 q0, q6\n",
            "vmovlt.s16 q2, q6\n",
            "vmovlb.s16 q1, q7\n",
            "vmovlt.s16 q3, q7\n",
        )
    };
}

/// Adds two taps. The weights of the second are loaded twice, because no register is free.
macro_rules! two_taps {
    ($row:literal, $x:literal, $w:literal, $next_row:literal, $next_x:literal, $next_w:literal) => {
        concat!(
            "vldrw.32 q4, [",
            $row,
            ", ",
            $x,
            "]\n",
            "vldrw.32 q5, [r5, ",
            $w,
            "]\n",
            "vmullb.s8 q6, q4, q5\n",
            "vmullt.s8 q7, q4, q5\n",
            "vldrw.32 q4, [",
            $next_row,
            ", ",
            $next_x,
            "]\n",
            "vldrw.32 q5, [r5, ",
            $next_w,
            "]\n",
            "vmullb.s8 q5, q4, q5\n",
            "vadd.i16 q6, q6, q5\n",
            "vldrw.32 q5, [r5, ",
            $next_w,
            "]\n",
            "vmullt.s8 q5, q4, q5\n",
            "vadd.i16 q7, q7, q5\n",
            "vmovlb.s16 q4, q6\n",
            "vadd.i32 q0, q0, q4\n",
            "vmovlt.s16 q4, q6\n",
            "vadd.i32 q2, q2, q4\n",
            "vmovlb.s16 q4, q7\n",
            "vadd.i32 q1, q1, q4\n",
            "vmovlt.s16 q4, q7\n",
            "vadd.i32 q3, q3, q4\n",
        )
    };
}

/// Rescales one channel by the next parameters.
macro_rules! rescale {
    ($acc:literal) => {
        concat!(
            "ldm r4!, {{r6, r8, r9, r10}}\n",
            "vadd.i32 ",
            $acc,
            ", ",
            $acc,
            ", r6\n",
            "vqdmulh.s32 ",
            $acc,
            ", ",
            $acc,
            ", r8\n",
            "vqadd.s32 ",
            $acc,
            ", ",
            $acc,
            ", r9\n",
            "vshl.s32 ",
            $acc,
            ", r10\n",
        )
    };
}

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let (grid, written) = (band.grid, &band.rows);
    let Grid { height, width, channels } = grid;
    let fast = channels % TOGETHER == 0
        && width % TOGETHER == 0
        && (1..POSITIONS).contains(&width)
        && (1..POSITIONS).contains(&height)
        && (height + 2) * (width + 2) <= POSITIONS
        && layer.outputs() == channels
        && layer.weights().len() == TAPS * channels
        && layer.weights().iter().fold(0, |min, &w| min.min(w)) > i8::MIN
        && layer.is_fast()
        && written.start < written.end
        && written.end <= height
        && grid.checked_len().is_some_and(|len| x.len() >= len)
        && out.len() >= written.len() * width * channels;
    if !fast {
        return scalar::depthwise_i8(x, band, pad, layer, activation, out);
    }
    let table = by_value_plus_128(activation.gelu.map(|(table, _)| table));
    let mut padded = Padded([[pad.cast_unsigned(); TOGETHER]; POSITIONS]);
    for first in (0..channels).step_by(TOGETHER) {
        let mut four = Four::new(layer, first, i32::from(activation.zero_point) + 128);
        four.x = padded.0.as_ptr().wrapping_add(written.start * (width + 2));
        four.table = table.as_ptr();
        four.channels = channels;
        four.groups = width / TOGETHER;
        four.row = (width + 2) * size_of::<Word>();
        // SAFETY: `x` holds the grid, `out` the rows that are written, `padded` has room for `height + 2`
        // rows of `width + 2` positions.
        unsafe {
            copy_inside(x.as_ptr().wrapping_add(first), grid, &mut padded.0);
            four.convolve(out.as_mut_ptr().wrapping_add(first), written.len());
        }
    }
}

/// Copies four channels of each position to the inside of a grid with a border.
///
/// # Safety
/// `x` must point to the first of the channels in the grid. The grid with its border must fit `padded`.
#[inline(never)]
unsafe fn copy_inside(x: *const i8, grid: Grid, padded: &mut [Word; POSITIONS]) {
    let mut from = x.cast::<Word>();
    let mut to = padded.as_mut_ptr().wrapping_add(grid.width + 2);
    for _ in 0..grid.height {
        to = to.wrapping_add(1);
        for _ in 0..grid.width {
            // SAFETY: the caller's promise; a `Word` may be at any address.
            unsafe { to.write(from.read()) };
            from = from.wrapping_byte_add(grid.channels);
            to = to.wrapping_add(1);
        }
        to = to.wrapping_add(1);
    }
}

/// Bias and requant of a channel, as assembly reads them.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct ChannelRequant {
    bias: i32,
    mult: i32,
    /// Rounding term and zero point, aligned with the product from bit 31 on.
    base: i32,
    /// 31 minus the shift. It is negative, so it shifts to the right.
    left: i32,
}

/// Four channels of the layer.
#[repr(C)]
struct Four {
    /// Each tap's weights of the four channels, for four positions.
    taps: [[Word; TOGETHER]; TAPS],
    requants: [ChannelRequant; TOGETHER],
    /// The grid and its border, aligned to words.
    x: *const Word,
    /// GELU by the value plus 128.
    table: *const i8,
    /// Values from one position to the next.
    channels: usize,
    /// Groups of four positions in a row.
    groups: usize,
    /// Bytes from one row of the grid to the next.
    row: usize,
}

impl Four {
    /// The channels from `first` on. `zero` is added to their values.
    fn new(layer: &Linear<'_>, first: usize, zero: i32) -> Self {
        let mut four = Self {
            taps: [[[0; TOGETHER]; TOGETHER]; TAPS],
            requants: [ChannelRequant::default(); TOGETHER],
            x: ptr::null(),
            table: ptr::null(),
            channels: 0,
            groups: 0,
            row: 0,
        };
        for (tap, weights) in four.taps.iter_mut().zip(rows(layer.weights(), layer.outputs())) {
            let four = part(weights, first, TOGETHER).first_chunk::<TOGETHER>();
            debug_assert!(four.is_some(), "four channels are left");
            *tap = [bytemuck::cast(*four.unwrap_or(&[0; TOGETHER])); TOGETHER];
        }
        let (bias, mult, shift) = layer.stored(first, TOGETHER);
        for (requant, ((&bias, &mult), &shift)) in
            four.requants.iter_mut().zip(bias.iter().zip(mult).zip(shift))
        {
            *requant = ChannelRequant {
                bias: i32::from_le_bytes(bias),
                mult: i32::from_le_bytes(mult),
                base: (2 * zero + 1).wrapping_shl(u32::from(shift).wrapping_sub(32)),
                left: 31 - i32::from(shift),
            };
        }
        four
    }

    /// All positions.
    ///
    /// # Ranges and overflow
    /// `VQDMULH` gives `acc · mult >> 31`, at most `2^30.01` in magnitude. What the base adds may reach
    /// `511 · 2^22`. If the sum saturates, it exceeds `2^9` after the shift, and the value is 255 with or
    /// without saturation. The smallest sum, `−255 · 2^22 − 2^30.01`, fits.
    ///
    /// # Safety
    /// `x` must point to `rows + 2` rows of `4 · groups + 2` positions, `out` to the first of the
    /// four channels in the grid.
    #[inline(never)]
    unsafe fn convolve(&self, out: *mut i8, rows: usize) {
        // SAFETY: reads and writes what the caller promises. r6 and r7, which cannot be named as
        // operands, are restored.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "mov r7, r12",
                "add r4, r5, #{x}",
                "ldm r4, {{r1, r11, r12}}",
                "ldr r4, [r5, #{row}]",
                "add r2, r1, r4",
                "add r3, r2, r4",
                "2:",
                "ldr lr, [r5, #{groups}]",
                "3:",
                first_tap!("r1", "#0", "#0"),
                two_taps!("r1", "#4", "#16", "r1", "#8", "#32"),
                two_taps!("r2", "#0", "#48", "r2", "#4", "#64"),
                two_taps!("r2", "#8", "#80", "r3", "#0", "#96"),
                two_taps!("r3", "#4", "#112", "r3", "#8", "#128"),
                "add r4, r5, #{requants}",
                rescale!("q0"),
                rescale!("q1"),
                rescale!("q2"),
                rescale!("q3"),
                // Channel by channel into the bytes of each position.
                "vqmovunb.s32 q0, q0",
                "vqmovunt.s32 q0, q2",
                "vqmovunb.s32 q1, q1",
                "vqmovunt.s32 q1, q3",
                "vqmovnb.u16 q0, q0",
                "vqmovnt.u16 q0, q1",
                "vldrb.u8 q1, [r11, q0]",
                "vmov r4, r6, q1[2], q1[0]",
                "vmov r8, r9, q1[3], q1[1]",
                "str r4, [r0]",
                "str r8, [r0, r12]",
                "add r0, r0, r12, lsl #1",
                "str r6, [r0]",
                "str r9, [r0, r12]",
                "add r0, r0, r12, lsl #1",
                "adds r1, r1, #16",
                "adds r2, r2, #16",
                "adds r3, r3, #16",
                "le lr, 3b",
                "adds r1, r1, #8",
                "adds r2, r2, #8",
                "adds r3, r3, #8",
                "subs r7, r7, #1",
                "bne 2b",
                "pop {{r6, r7}}",
                x = const offset_of!(Self, x),
                row = const offset_of!(Self, row),
                groups = const offset_of!(Self, groups),
                requants = const offset_of!(Self, requants),
                inout("r0") out => _,
                in("r5") self,
                inout("r12") rows => _,
                out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r8") _, out("r9") _,
                out("r10") _, out("r11") _, out("lr") _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                out("d8") _, out("d9") _, out("d10") _, out("d11") _,
                out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            );
        }
    }
}
