//! Depthwise convolutions: four channels at a time, position after position.
//!
//! The padding value is subtracted from all values. Taps outside the grid are then 0 and are left
//! out. The bias makes up for it: the padding value times the sum of all weights is added to it.

use super::super::instructions::{pkhbt, sxtab16, sxtab16_odd, sxtb16, sxtb16_odd};
use super::super::linear::by_value_plus_128;
use super::super::requant::UpperRequant;
use super::window::{CHANNELS, Tap, Taps, Window};
use crate::config::Grid;
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::scalar;
use crate::rows::part;
use crate::window::Band;
use core::hint::black_box;
use core::ops::Range;

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let (grid, rows) = (band.grid, &band.rows);
    let fast = grid.channels % CHANNELS == 0
        && grid.width > 1
        && layer.outputs() == grid.channels
        && layer.weights().len() == 9 * grid.channels
        && rows.end <= grid.height
        && grid.checked_len().is_some_and(|len| x.len() >= len)
        && out.len() >= rows.len() * grid.width * grid.channels
        && layer.is_fast();
    if !fast {
        return scalar::depthwise_i8(x, band, pad, layer, activation, out);
    }
    let table = by_value_plus_128(activation.gelu.map(|(table, _)| table));
    for first in (0..grid.channels).step_by(CHANNELS) {
        let mut taps = [[0; 2]; 9];
        let sums = widen(layer, first, &mut taps);
        let mut four = Four {
            band,
            taps,
            window: Window {
                bias: sums.map(|sum| i32::from(pad) * sum),
                table: table.as_ptr(),
                minus_pad: both(i32::from(pad).wrapping_neg()),
                channels: grid.channels,
                row: grid.width * grid.channels,
                ..Window::NOWHERE
            },
        };
        four.parameters(layer, first, activation.zero_point);
        // SAFETY: `x` holds the grid, `out` the rows that are written.
        unsafe { four.convolve(x.as_ptr().add(first), out.as_mut_ptr().add(first)) };
    }
}

/// A value in both halves of a word.
fn both(value: i32) -> u32 {
    pkhbt(value.cast_unsigned(), value.cast_unsigned())
}

/// Widens the weights of four channels from `first` on; returns each channel's sum.
fn widen(layer: &Linear<'_>, first: usize, taps: &mut [Tap; 9]) -> [i32; CHANNELS] {
    let (mut even, mut odd) = (0, 0);
    let mut row = 0;
    while let Some(tap) = taps.get_mut(row) {
        let w = part(layer.weights(), row * layer.outputs() + first, CHANNELS);
        debug_assert!(w.len() == CHANNELS, "four channels are left");
        let w = w.first_chunk::<CHANNELS>().map_or(0, |&w| u32::from_le_bytes(bytemuck::cast(w)));
        *tap = [sxtb16(w), sxtb16_odd(w)];
        (even, odd) = (sxtab16(even, w), sxtab16_odd(odd, w));
        // `black_box` keeps the compiler from unrolling the loop, for the size of the code.
        row = black_box(row + 1);
    }
    [low(even), low(odd), high(even), high(odd)]
}

/// The lower half of a word.
fn low(halves: u32) -> i32 {
    (halves.cast_signed() << 16) >> 16
}

/// The upper half of a word.
fn high(halves: u32) -> i32 {
    halves.cast_signed() >> 16
}

/// Four channels of the layer.
struct Four<'a> {
    band: &'a Band,
    taps: [Tap; 9],
    window: Window,
}

impl Four<'_> {
    /// Adds the biases, and sets the requants, of the channels from `first` on.
    fn parameters(&mut self, layer: &Linear<'_>, first: usize, zero_point: i8) {
        let (bias, mult, shift) = layer.stored(first, CHANNELS);
        // `black_box` as in `widen`.
        let places =
            self.window.bias.iter_mut().zip(&mut self.window.requants).take(black_box(CHANNELS));
        for ((place, requant), ((&bias, &mult), &shift)) in
            places.zip(bias.iter().zip(mult).zip(shift))
        {
            *place += i32::from_le_bytes(bias);
            let mult = i32::from_le_bytes(mult);
            *requant = UpperRequant::in_range(mult, shift, i32::from(zero_point) + 128);
        }
    }

    /// All positions of the rows that are written.
    ///
    /// # Safety
    /// `x` and `out` must point to the first of the four channels in the grid and in those rows.
    unsafe fn convolve(&mut self, x: *const i8, out: *mut i8) {
        let Grid { height, width, channels } = self.band.grid;
        self.window.out = out;
        for row in self.band.rows.clone() {
            let rows = inside(row, height);
            let columns = [0..1, 1..width - 1, width - 1..width];
            // `black_box` as in `widen`.
            for columns in black_box(columns.as_slice()) {
                let inside = inside(columns.start, width);
                let Some(taps) = Taps::new(rows.len(), inside.len()) else {
                    debug_assert!(false, "a grid of more than one column");
                    return;
                };
                let first = (row + rows.start) * width + columns.start + inside.start;
                // The window begins a row and a column before its centre.
                self.window.x =
                    x.wrapping_add(first * channels).wrapping_sub((width + 1) * channels);
                self.window.weights =
                    self.taps.as_ptr().wrapping_add(3 * rows.start + inside.start);
                self.window.taps = taps;
                let end = self.window.out.wrapping_add(columns.len() * channels);
                // SAFETY: the taps are inside the grid.
                unsafe { self.window.run_to(end) };
            }
        }
    }
}

/// The taps, of three around `at`, that are inside `len` positions.
#[inline(always)]
fn inside(at: usize, len: usize) -> Range<usize> {
    usize::from(at == 0)..if at + 1 == len { 2 } else { 3 }
}
