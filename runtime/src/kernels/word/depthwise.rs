//! Depthwise convolutions: four channels at a time, position after position.
//!
//! The padding value is subtracted from all values. Taps outside the grid are then 0 and are left
//! out. The bias makes up for it: the padding value times the sum of all weights is added to it.

use super::clamp::sat8_plus_128;
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::scalar;
use crate::kernels::upper::UpperRequant;
use crate::rows::{part_mut, rows, rows_mut, tail};
use crate::window::Band;
use core::ops::Range;

/// Channels that are computed together.
const CHANNELS: usize = 4;
/// Rows and columns of a window.
const SIDE: usize = 3;

/// Same contract as [`scalar::depthwise_i8`].
pub(super) fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let grid = band.grid;
    let channels = grid.channels;
    let Some(last) = channels.checked_sub(CHANNELS).filter(|_| layer.is_fast()) else {
        return scalar::depthwise_i8(x, band, pad, layer, activation, out);
    };
    let line = grid.width * channels;
    let zero = i32::from(activation.zero_point) + 128;
    let mut four = Four::new(pad.into());
    // The last channels may overlap those before, so that there are always enough.
    for first in (0..channels).step_by(CHANNELS).map(|first| first.min(last)) {
        four.read(layer, first, zero);
        for (row, out) in band.rows.clone().zip(rows_mut(out, line)) {
            let height = inside(row, grid.height);
            for (column, out) in rows_mut(out, channels).enumerate() {
                let width = inside(column, grid.width);
                // The window begins a row and a column before its centre.
                let corner = (row + height.start) * line + (column + width.start) * channels;
                let x = tail(x, corner - line - channels + first);
                let acc = four.sums(x, (height.clone(), line), (width, channels));
                let places = part_mut(out, first, CHANNELS);
                for ((out, acc), requant) in places.iter_mut().zip(acc).zip(&four.requants) {
                    let value = sat8_plus_128(requant.apply(acc)) ^ 0x80;
                    *out = activation.gelu.map_or(value.cast_signed(), |(table, _)| {
                        table.get(usize::from(value)).copied().unwrap_or(0)
                    });
                }
            }
        }
    }
}

/// The taps, of three around `at`, that are inside `len` positions.
#[inline(always)]
fn inside(at: usize, len: usize) -> Range<usize> {
    usize::from(at == 0)..if at + 1 == len { 2 } else { SIDE }
}

/// Four channels of a layer.
struct Four {
    /// Tap by tap.
    weights: [[i32; CHANNELS]; SIDE * SIDE],
    /// Biases, each plus the padding value times the sum of the channel's weights.
    bias: [i32; CHANNELS],
    pad: i32,
    requants: [UpperRequant; CHANNELS],
}

impl Four {
    const fn new(pad: i32) -> Self {
        Self {
            weights: [[0; CHANNELS]; SIDE * SIDE],
            bias: [0; CHANNELS],
            pad,
            requants: [UpperRequant::ZERO; CHANNELS],
        }
    }

    /// Takes the channels from `first` on. It changes `self`, because a new value would be on the stack twice.
    #[inline(never)]
    fn read(&mut self, layer: &Linear<'_>, first: usize, zero: i32) {
        let (bias, mult, shift) = layer.stored(first, CHANNELS);
        let stored = bias.iter().zip(mult).zip(shift);
        for ((to, requant), ((&bias, &mult), &shift)) in
            self.bias.iter_mut().zip(&mut self.requants).zip(stored)
        {
            *to = i32::from_le_bytes(bias);
            *requant = UpperRequant::in_range(i32::from_le_bytes(mult), shift, zero);
        }
        for (tap, row) in self.weights.iter_mut().zip(rows(layer.weights(), layer.outputs())) {
            for ((to, bias), &w) in tap.iter_mut().zip(&mut self.bias).zip(tail(row, first)) {
                *to = w.into();
                *bias += self.pad * *to;
            }
        }
    }

    /// The sums of one position. `x` begins with the first tap inside the grid. The rows and the columns of the
    /// window that are inside come with their distances.
    #[inline(always)]
    fn sums(
        &self,
        mut x: &[i8],
        (rows, line): (Range<usize>, usize),
        (columns, channels): (Range<usize>, usize),
    ) -> [i32; CHANNELS] {
        let mut acc = self.bias;
        for row in rows {
            let mut at = 0;
            for tap in columns.clone() {
                let weights = self.weights.get(SIDE * row + tap);
                let x = x.get(at..).and_then(|x| x.first_chunk::<CHANNELS>());
                if let (Some(x), Some(weights)) = (x, weights) {
                    for ((acc, &x), &w) in acc.iter_mut().zip(x).zip(weights) {
                        *acc += (i32::from(x) - self.pad) * w;
                    }
                }
                at += channels;
            }
            x = x.get(line..).unwrap_or(&[]);
        }
        acc
    }
}
