//! Depthwise convolutions: four channels at a time, position after position.
//!
//! Values are taken less the padding value, so that taps outside the grid add nothing and are
//! left out; the padding's share of a whole window is part of the bias.

use super::instructions::{pkhbt, sxtb16, sxtb16_odd, word};
use super::rescale::{HighWord, nearest_mult, sat8};
use crate::config::Grid;
use crate::kernels::{Activation, Linear, scalar};
use core::arch::asm;
use core::ops::Range;

/// Channels that are computed together.
const CHANNELS: usize = 4;
/// Positions whose sums are kept.
const POSITIONS: usize = 32;

/// The weights of channels 0 and 2 at one tap as halves, then those of channels 1 and 3.
type Tap = [u32; 2];
/// Accumulators of four channels.
type Acc = [i32; CHANNELS];

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    grid: Grid,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let zero_point = activation.zero_point;
    let (bias, mult, shift) = layer.stored(0, layer.outputs());
    let fast = grid.channels % CHANNELS == 0
        && layer.outputs() == grid.channels
        && layer.weights().len() == 9 * grid.channels
        && x.len() >= grid.len()
        && out.len() >= grid.len()
        && shift.iter().all(|shift| HighWord::SHIFTS.contains(shift));
    if !fast {
        return scalar::depthwise_i8(x, grid, pad, layer, activation, out);
    }
    let mut parameters = bias.iter().zip(mult).zip(shift);
    for first in (0..grid.channels).step_by(CHANNELS) {
        // SAFETY: there are nine rows of `channels` weights and four channels from `first` on.
        let mut four = unsafe { Four::new(layer.weights().as_ptr().add(first), grid, pad) };
        for (bias, scale) in four.bias.iter_mut().zip(&mut four.scales) {
            let Some(((channel_bias, &mult), &shift)) = parameters.next() else { return };
            *bias += i32::from_le_bytes(*channel_bias);
            let mult = nearest_mult(i32::from_le_bytes(mult));
            *scale = HighWord::new(mult, shift, zero_point.into()).unwrap_or(*scale);
        }
        // SAFETY: `x` and `out` hold the grid.
        unsafe { four.convolve(x.as_ptr().add(first), activation, out.as_mut_ptr().add(first)) };
    }
}

/// Four channels of the layer.
struct Four {
    grid: Grid,
    weights: [Tap; 9],
    /// Biases, with the padding's share of a whole window.
    bias: Acc,
    scales: [HighWord; CHANNELS],
    /// The padding value, negated, in both halves.
    minus_pad: u32,
}

impl Four {
    /// # Safety
    /// `weights` must point to nine rows of `grid.channels` values, the last with at least four.
    unsafe fn new(weights: *const i8, grid: Grid, pad: i8) -> Self {
        let pad = i32::from(pad);
        let half = pad.wrapping_neg().cast_unsigned();
        let mut four = Self {
            grid,
            weights: [[0; 2]; 9],
            bias: [0; CHANNELS],
            scales: [HighWord::ZERO; CHANNELS],
            minus_pad: pkhbt(half, half),
        };
        for (tap, widened) in four.weights.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let w = unsafe { word(weights.add(tap * grid.channels)) };
            *widened = [sxtb16(w), sxtb16_odd(w)];
            for (channel, bias) in four.bias.iter_mut().enumerate() {
                // SAFETY: as above.
                *bias +=
                    pad * i32::from(unsafe { weights.add(tap * grid.channels + channel).read() });
            }
        }
        four
    }

    /// All positions.
    ///
    /// Sums are kept for some positions before they are stored: a channel's rescale then stays in
    /// registers, which have no room for it beside the taps.
    ///
    /// # Safety
    /// `from` and `to` must point to the first of the four channels in the grid.
    #[inline(never)]
    unsafe fn convolve(&self, mut from: *const i8, activation: &Activation<'_>, mut to: *mut i8) {
        let Grid { height, width, channels } = self.grid;
        let mut sums = [[0; CHANNELS]; POSITIONS];
        for row in 0..height {
            let rows = inside(row, height);
            for first in (0..width).step_by(POSITIONS) {
                let count = POSITIONS.min(width - first);
                for (column, sums) in (first..first + count).zip(&mut sums) {
                    // SAFETY: the caller's promise.
                    *sums = unsafe { self.sum(from, rows.clone(), &inside(column, width)) };
                    from = from.wrapping_add(channels);
                }
                for channel in 0..CHANNELS {
                    // SAFETY: as above.
                    unsafe { self.store(sums.get(..count), channel, activation, to) };
                }
                to = to.wrapping_add(count * channels);
            }
        }
    }

    /// The accumulators at one position, whose taps inside the grid are `rows` × `columns`.
    ///
    /// # Safety
    /// `at` must point to the first of the four channels at that position of the grid.
    #[inline(always)]
    unsafe fn sum(&self, at: *const i8, rows: Range<usize>, columns: &Range<usize>) -> Acc {
        let Grid { width, channels, .. } = self.grid;
        let mut acc = self.bias;
        let first = width * rows.start + columns.start;
        let mut x = at.wrapping_add(first * channels).wrapping_sub((width + 1) * channels);
        let mut weights = self.weights.as_ptr().wrapping_add(3 * rows.start + columns.start);
        // One loop for each width: the choice is not made again for each row.
        macro_rules! each_row {
            ($taps:ident) => {
                for _ in rows {
                    // SAFETY: the taps are inside the grid.
                    unsafe { $taps(x, channels, weights, self.minus_pad, &mut acc) };
                    x = x.wrapping_add(width * channels);
                    weights = weights.wrapping_add(3);
                }
            };
        }
        match columns.len() {
            3 => each_row!(three_taps),
            2 => each_row!(two_taps),
            _ => each_row!(one_tap),
        }
        acc
    }

    /// Rescales and stores one channel of some positions.
    ///
    /// # Safety
    /// `to` must point to the first of the four channels at the first position.
    #[inline(always)]
    unsafe fn store(
        &self,
        sums: Option<&[Acc]>,
        channel: usize,
        activation: &Activation<'_>,
        to: *mut i8,
    ) {
        let (Some(sums), Some(&scale)) = (sums, self.scales.get(channel)) else { return };
        let mut to = to.wrapping_add(channel);
        let sums = sums.iter().map(|sums| sums.get(channel).copied().unwrap_or_default());
        let values = sums.map(|acc| sat8(scale.apply(acc)));
        match activation.gelu {
            Some((table, _)) => {
                for value in values {
                    let value = table.get(usize::from(value.cast_unsigned()));
                    // SAFETY: the caller's promise.
                    unsafe { to.write(value.copied().unwrap_or_default()) };
                    to = to.wrapping_add(self.grid.channels);
                }
            }
            None => {
                for value in values {
                    // SAFETY: the caller's promise.
                    unsafe { to.write(value) };
                    to = to.wrapping_add(self.grid.channels);
                }
            }
        }
    }
}

/// The products of one tap at an offset from `{x}`: values less the padding, channels in order.
macro_rules! tap {
    ($offset:literal) => {
        concat!(
            "ldr {odd}, [{x}",
            $offset,
            "]
             ldrd {w_even}, {w_odd}, [{weights}], #8
             sxtab16 {even}, {minus_pad}, {odd}
             sxtab16 {odd}, {minus_pad}, {odd}, ror #8
             smlabb {a}, {even}, {w_even}, {a}
             smlatt {c}, {even}, {w_even}, {c}
             smlabb {b}, {odd}, {w_odd}, {b}
             smlatt {d}, {odd}, {w_odd}, {d}"
        )
    };
}

/// Defines a function that adds the products of neighbouring taps of one row.
macro_rules! taps {
    ($name:ident, $($offset:literal),+) => {
        /// # Safety
        /// From `x` on there must be as many readable pixels of `channels` values as the function
        /// has taps, from `weights` on as many taps.
        #[inline(always)]
        unsafe fn $name(
            x: *const i8,
            channels: usize,
            weights: *const Tap,
            minus_pad: u32,
            acc: &mut Acc,
        ) {
            let [a, b, c, d] = acc;
            // SAFETY: reads what the caller promises.
            unsafe {
                asm!(
                    $(tap!($offset),)+
                    // A function of one tap has no use for the distance of pixels.
                    "/* {channels} */",
                    x = in(reg) x,
                    channels = in(reg) channels,
                    weights = inout(reg) weights => _,
                    minus_pad = in(reg) minus_pad,
                    even = out(reg) _,
                    odd = out(reg) _,
                    w_even = out(reg) _,
                    w_odd = out(reg) _,
                    a = inout(reg) *a,
                    b = inout(reg) *b,
                    c = inout(reg) *c,
                    d = inout(reg) *d,
                    options(readonly, nostack, preserves_flags)
                );
            }
        }
    };
}

taps!(one_tap, "");
taps!(two_taps, "", ", {channels}");
taps!(three_taps, "", ", {channels}", ", {channels}, lsl #1");

/// The taps, of three around `at`, that are inside `len` positions.
#[inline(always)]
fn inside(at: usize, len: usize) -> Range<usize> {
    usize::from(at == 0)..if at + 1 == len { 2 } else { 3 }
}
