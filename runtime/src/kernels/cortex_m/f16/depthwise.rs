//! Depthwise 3×3 convolution, sixteen channels at a time.

use crate::format::widen;
use crate::kernels::f16::operand::F16Linear;
use crate::kernels::scalar::window_position;
use crate::rows::{part, part_mut};
use crate::window::Band;
use core::arch::asm;
use core::ops::Range;

/// Channels that are taken together.
const CHANNELS: usize = 16;
/// Taps of a convolution.
const TAPS: usize = 9;

/// [`scalar::depthwise`](crate::kernels::f16::scalar::depthwise).
pub(super) fn depthwise(x: &[f32], band: &Band, layer: &F16Linear<'_>, out: &mut [f32]) {
    let grid = band.grid;
    let (width, channels) = (grid.width, grid.channels.max(1));
    for first in (0..channels).step_by(CHANNELS) {
        let len = CHANNELS.min(channels - first);
        let mut bias = [0.0; CHANNELS];
        for (bias, word) in bias.iter_mut().zip(layer.bias.words(first, len)) {
            *bias = f32::from_le_bytes(*word);
        }
        let mut weights = [[0.0; CHANNELS]; TAPS];
        for (tap, weights) in weights.iter_mut().enumerate() {
            let halves = layer.weights.halves(tap * channels + first, len);
            weights.iter_mut().zip(halves).for_each(|(to, half)| *to = widen(*half));
        }
        for (line, row) in band.rows.clone().enumerate() {
            for column in 0..width {
                let out = part_mut(out, (line * width + column) * channels + first, len);
                if let Some(out) = out.first_chunk_mut() {
                    let (rows, columns) = (inside(row, grid.height), inside(column, width));
                    let at = (row + rows.start - 1) * width + column + columns.start - 1;
                    let window = Window {
                        x: x.get(at * channels + first..).unwrap_or(&[]),
                        row: width * channels,
                        column: channels,
                        rows,
                        columns,
                    };
                    multiply(&window, &weights, &bias, out);
                    continue;
                }
                // Fewer channels.
                let mut sums = bias;
                for (tap, weights) in weights.iter().enumerate() {
                    let Some(at) = window_position(grid, row, column, tap) else { continue };
                    let x = part(x, at * channels + first, len);
                    for ((sum, x), weight) in sums.iter_mut().zip(x).zip(weights) {
                        *sum += x * weight;
                    }
                }
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum);
            }
        }
    }
}

/// The taps inside a side of the grid, for the output at `place`.
fn inside(place: usize, side: usize) -> Range<usize> {
    usize::from(place == 0)..if place + 1 < side { 3 } else { 2 }
}

/// The inputs of a window that lie inside the grid.
struct Window<'a> {
    /// From the first one on.
    x: &'a [f32],
    /// From a row to the next one.
    row: usize,
    /// From a column to the next one.
    column: usize,
    /// The rows of taps.
    rows: Range<usize>,
    /// The columns of taps.
    columns: Range<usize>,
}

/// The bias and the products of a window.
#[inline(never)]
fn multiply(
    window: &Window<'_>,
    weights: &[[f32; CHANNELS]; TAPS],
    bias: &[f32; CHANNELS],
    out: &mut [f32; CHANNELS],
) {
    let (rows, columns) = (window.rows.len(), window.columns.len());
    let weights = weights.get(3 * window.rows.start + window.columns.start..).unwrap_or(&[]);
    let whole = rows > 0
        && columns > 0
        && weights.len() >= 3 * (rows - 1) + columns
        && window.x.len() >= (rows - 1) * window.row + (columns - 1) * window.column + CHANNELS;
    debug_assert!(whole, "inputs and weights of a window");
    if !whole {
        return;
    }
    let bytes = |values: usize| values.wrapping_mul(size_of::<f32>());
    // SAFETY: inputs and weights of all rows and columns are there, with sixteen values each. Pointers past them
    // are not read.
    unsafe {
        asm!(
            "vldmia {bias}, {{s0-s15}}",
            "2:",
            "mov {left}, {columns}",
            "3:",
            "vldmia {x}!, {{s16-s23}}",
            "vldmia {weights}!, {{s24-s31}}",
            "vmla.f32 s0, s16, s24",
            "vmla.f32 s1, s17, s25",
            "vmla.f32 s2, s18, s26",
            "vmla.f32 s3, s19, s27",
            "vmla.f32 s4, s20, s28",
            "vmla.f32 s5, s21, s29",
            "vmla.f32 s6, s22, s30",
            "vmla.f32 s7, s23, s31",
            "vldmia {x}, {{s16-s23}}",
            "vldmia {weights}!, {{s24-s31}}",
            "vmla.f32 s8, s16, s24",
            "vmla.f32 s9, s17, s25",
            "vmla.f32 s10, s18, s26",
            "vmla.f32 s11, s19, s27",
            "vmla.f32 s12, s20, s28",
            "vmla.f32 s13, s21, s29",
            "vmla.f32 s14, s22, s30",
            "vmla.f32 s15, s23, s31",
            "add {x}, {x}, {step}",
            "subs {left}, {left}, #1",
            "bne 3b",
            "add {x}, {x}, {next}",
            "add {weights}, {weights}, {skip}",
            "subs {rows}, {rows}, #1",
            "bne 2b",
            "vstmia {out}, {{s0-s15}}",
            bias = in(reg) bias.as_ptr(),
            out = in(reg) out.as_mut_ptr(),
            x = inout(reg) window.x.as_ptr() => _,
            weights = inout(reg) weights.as_ptr() => _,
            rows = inout(reg) rows => _,
            columns = in(reg) columns,
            left = out(reg) _,
            // From the middle of a column to the next column, and from the column after the last to the next row.
            step = in(reg) bytes(window.column.wrapping_sub(CHANNELS / 2)),
            next = in(reg) bytes(window.row.wrapping_sub(columns * window.column)),
            skip = in(reg) bytes((3 - columns) * CHANNELS),
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _,
            out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _,
            out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _,
            out("s30") _, out("s31") _,
            options(nostack)
        );
    }
}
