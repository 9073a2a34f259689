//! Depthwise convolutions: four channels at a time, position after position.
//!
//! Values are taken less the padding value, so that taps outside the grid add nothing and are
//! left out; the padding's share of a whole window is part of the bias.

use super::instructions::{
    pkhbt, smlabb, smlatt, sxtab16, sxtab16_odd, sxtb16, sxtb16_odd, word,
};
use super::rescale::{HighWord, nearest_mult};
use crate::config::Grid;
use crate::fixed::sat8;
use crate::kernels::{Activation, Linear, generic};
use core::ops::Range;

/// Channels that are computed together.
const CHANNELS: usize = 4;

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
    let fast = grid.channels % CHANNELS == 0
        && layer.outputs() == grid.channels
        && layer.weights().len() == 9 * grid.channels
        && x.len() >= grid.len()
        && out.len() >= grid.len()
        && layer.channels().all(|(_, _, shift)| HighWord::new(1, shift, zero_point).is_some());
    if !fast {
        return generic::depthwise_i8(x, grid, pad, layer, activation, out);
    }
    let mut parameters = layer.channels();
    for first in (0..grid.channels).step_by(CHANNELS) {
        // SAFETY: there are nine rows of `channels` weights and four channels from `first` on.
        let mut four = unsafe { Four::new(layer.weights().as_ptr().add(first), grid, pad) };
        for (bias, scale) in four.bias.iter_mut().zip(&mut four.scales) {
            let Some((channel_bias, mult, shift)) = parameters.next() else { return };
            *bias += channel_bias;
            *scale = HighWord::new(nearest_mult(mult), shift, zero_point);
        }
        let (from, to) = (x.as_ptr().wrapping_add(first), out.as_mut_ptr().wrapping_add(first));
        for row in 0..grid.height {
            for column in 0..grid.width {
                let at = (row * grid.width + column) * grid.channels;
                // SAFETY: `x` and `out` hold the grid.
                unsafe {
                    let acc = four.sum(from.add(at), (row, column));
                    four.store(acc, activation, to.add(at));
                }
            }
        }
    }
}

/// Four channels of the layer.
struct Four {
    grid: Grid,
    /// For each tap the weights of channels 0 and 2, and of channels 1 and 3, as halves.
    weights: [[u32; 2]; 9],
    /// Biases, with the padding's share of a whole window.
    bias: [i32; CHANNELS],
    scales: [Option<HighWord>; CHANNELS],
    /// The padding value, negated, in both halves.
    minus_pad: u32,
}

impl Four {
    /// # Safety
    /// `weights` must point to nine rows of `grid.channels` values, the last with at least four.
    unsafe fn new(weights: *const i8, grid: Grid, pad: i8) -> Self {
        let half = i32::from(pad).wrapping_neg().cast_unsigned();
        let pad = u32::from(i32::from(pad).cast_unsigned() as u16);
        let mut four = Self {
            grid,
            weights: [[0; 2]; 9],
            bias: [0; CHANNELS],
            scales: [None; CHANNELS],
            minus_pad: pkhbt(half, half),
        };
        for (tap, widened) in four.weights.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let w = unsafe { word(weights.add(tap * grid.channels)) };
            *widened = [sxtb16(w), sxtb16_odd(w)];
            add_products([pad | pad << 16; 2], *widened, &mut four.bias);
        }
        four
    }

    /// The accumulators at one position, `at` pointing to it.
    ///
    /// # Safety
    /// `at` must point to the position's first of four channels in the grid.
    #[inline(always)]
    unsafe fn sum(&self, at: *const i8, (row, column): (usize, usize)) -> [i32; CHANNELS] {
        let Grid { height, width, channels } = self.grid;
        let mut acc = self.bias;
        let corner = at.wrapping_sub((width + 1) * channels);
        let mut tap = |dy: usize, dx: usize, weights: &[u32; 2]| {
            let place = corner.wrapping_add((dy * width + dx) * channels);
            // SAFETY: the callers below leave out taps outside the grid.
            let x = unsafe { word(place) };
            let x = [sxtab16(self.minus_pad, x), sxtab16_odd(self.minus_pad, x)];
            add_products(x, *weights, &mut acc);
        };
        let (rows, columns) = (inside(row, height), inside(column, width));
        if rows.len() == 3 && columns.len() == 3 {
            for (index, weights) in self.weights.iter().enumerate() {
                tap(index / 3, index % 3, weights);
            }
        } else {
            for dy in rows {
                for dx in columns.clone() {
                    if let Some(weights) = self.weights.get(3 * dy + dx) {
                        tap(dy, dx, weights);
                    }
                }
            }
        }
        acc
    }

    /// Rescales and stores four values.
    ///
    /// # Safety
    /// `to` must point to four writable values.
    #[inline(always)]
    unsafe fn store(&self, acc: [i32; CHANNELS], activation: &Activation<'_>, to: *mut i8) {
        for (channel, (acc, scale)) in acc.into_iter().zip(&self.scales).enumerate() {
            let Some(scale) = scale else { return };
            let q = sat8(scale.apply(acc));
            let value = match activation.gelu {
                Some((table, _)) => table.get(usize::from(q.cast_unsigned())).copied(),
                None => Some(q),
            };
            // SAFETY: the caller's promise.
            unsafe { to.add(channel).write(value.unwrap_or(q)) };
        }
    }
}

/// Adds four products, the channels in order.
#[inline(always)]
fn add_products([even, odd]: [u32; 2], [w_even, w_odd]: [u32; 2], acc: &mut [i32; CHANNELS]) {
    acc[0] = smlabb(even, w_even, acc[0]);
    acc[1] = smlabb(odd, w_odd, acc[1]);
    acc[2] = smlatt(even, w_even, acc[2]);
    acc[3] = smlatt(odd, w_odd, acc[3]);
}

/// The taps, of three around `at`, that are inside `len` positions.
#[inline(always)]
fn inside(at: usize, len: usize) -> Range<usize> {
    usize::from(at == 0)..if at + 1 == len { 2 } else { 3 }
}
