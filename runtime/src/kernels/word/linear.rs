//! Linear layers and convolutions over windows: four rows at a time.

use super::clamp::{sat8, sat8_plus_128, sat16};
use super::interleave::{Four, ROWS, interleave};
use super::machine::{CHUNK, GROUP};
use super::multiply::multiply;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::upper::{UpperRequant, each_output};
use crate::rows::{part, part_mut, rows_mut, tail};

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    let zero = i32::from(activation.zero_point) + 128;
    if !layer.is_fast() {
        return each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                *out = activation.apply(value);
            }
        });
    }
    match activation.gelu {
        None => linear(x, layer, zero, out, |value, out| *out = sat8(value)),
        Some((table, _)) => linear(x, layer, zero, out, |value, out| {
            // Every u8 is a valid index of 256 entries.
            let index = usize::from(sat8_plus_128(value) ^ 0x80);
            *out = table.get(index).copied().unwrap_or(0);
        }),
    }
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub(super) fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    let zero_in = i32::from(skip.input_zero_point);
    let zero = i32::from(skip.zero_point) + 128;
    let requant = UpperRequant::new(skip.requant.mult(), skip.requant.shift(), 0);
    match requant {
        Some(requant) if layer.is_fast() => linear(x, layer, zero, out, |value, out| {
            *out = sat8(value + requant.apply((i32::from(*out) - zero_in) * 256));
        }),
        _ => each_output(x, layer, &mut |at, value| {
            if let Some(out) = out.get_mut(at) {
                let skipped = skip.requant.apply((i32::from(*out) - zero_in) * 256);
                *out = sat8(zero + value + skipped);
            }
        }),
    }
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    if layer.is_fast() {
        return linear(x, layer, 0, out, |value, out| *out = sat16(i32::from(*out) + value));
    }
    each_output(x, layer, &mut |at, value| {
        if let Some(out) = out.get_mut(at) {
            *out = sat16(i32::from(*out) + value);
        }
    });
}

/// All rows times all channels. Calls `store` with each rescaled sum plus `zero`, and with its place.
#[inline(always)]
fn linear<T: Copy + Default>(
    x: &[i8],
    layer: &Linear<'_>,
    zero: i32,
    out: &mut [T],
    store: impl Fn(i32, &mut T),
) {
    let n = layer.outputs();
    let rows = x.len().checked_div(layer.inputs()).unwrap_or(0);
    let len = out.len().min(rows * n);
    let out = part_mut(out, 0, len);
    each_block(x, layer, zero, &mut |sums, Block { row, first, channels }| {
        let mut rows = rows_mut(out.get_mut(row * n..).unwrap_or_default(), n);
        // Places of rows that are missing at the end.
        let mut spare = [[T::default(); GROUP]; ROWS];
        let [a, b, c, d] = spare.each_mut().map(|spare| match rows.next() {
            Some(row) => part_mut(row, first, channels),
            None => part_mut(spare, 0, channels),
        });
        let channels = sums.acc.iter().zip(&sums.requants);
        for (((((acc, requant), a), b), c), d) in channels.zip(a).zip(b).zip(c).zip(d) {
            for (&acc, out) in acc.iter().zip([a, b, c, d]) {
                store(requant.apply(acc), out);
            }
        }
    });
}

/// Some channels of up to four rows.
struct Block {
    /// The first row.
    row: usize,
    /// The first channel.
    first: usize,
    channels: usize,
}

/// Calls `each` with the sums of every block. It is one function for all kinds of outputs, for the size of the
/// code.
#[inline(never)]
fn each_block(mut x: &[i8], layer: &Linear<'_>, zero: i32, each: &mut dyn FnMut(&Sums, Block)) {
    let (k, n) = (layer.inputs().max(1), layer.outputs());
    let mut sums = Sums::new();
    let mut row = 0;
    while x.len() >= k {
        for first in (0..n).step_by(GROUP) {
            let channels = sums.add(x, layer, first, zero);
            each(&sums, Block { row, first, channels });
        }
        row += ROWS;
        x = x.get(ROWS * k..).unwrap_or(&[]);
    }
}

/// Sums of some channels for four rows, and what rescales them.
struct Sums {
    /// Inputs of the rows, as many as are interleaved together.
    wide: [Four; CHUNK],
    acc: [[i32; ROWS]; GROUP],
    requants: [UpperRequant; GROUP],
}

impl Sums {
    const fn new() -> Self {
        Self {
            wide: [[0; ROWS]; CHUNK],
            acc: [[0; ROWS]; GROUP],
            requants: [UpperRequant::ZERO; GROUP],
        }
    }

    /// Computes the sums of up to [`GROUP`] channels from `first` on, biases included; returns their number.
    /// If there are fewer than four rows, the last one takes the place of the missing ones.
    ///
    /// With one chunk of inputs, the rows of channel 0 serve all channels, so that they must come first.
    #[inline(never)]
    fn add(&mut self, x: &[i8], layer: &Linear<'_>, first: usize, zero: i32) -> usize {
        let (k, channels) = (layer.inputs(), GROUP.min(layer.outputs() - first));
        let places = self.acc.iter_mut().zip(&mut self.requants);
        let (bias, mult, shift) = layer.stored(first, channels);
        for ((acc, requant), ((&bias, &mult), &shift)) in
            places.zip(bias.iter().zip(mult).zip(shift))
        {
            *acc = [i32::from_le_bytes(bias); ROWS];
            *requant = UpperRequant::in_range(i32::from_le_bytes(mult), shift, zero);
        }
        let weights = part(layer.weights(), first * k, channels * k);
        for start in (0..k).step_by(CHUNK) {
            let len = CHUNK.min(k - start);
            if first == 0 || k > CHUNK {
                let last = x.len().saturating_sub(k);
                let rows = [0, 1, 2, 3].map(|row| part(x, (row * k).min(last) + start, len));
                interleave(rows, part_mut(&mut self.wide, 0, len));
            }
            let wide = part(&self.wide, 0, len);
            multiply(wide, tail(weights, start), k, part_mut(&mut self.acc, 0, channels));
        }
        channels
    }
}
