//! Depthwise 3×3 convolution: eight channels and two rows of outputs at a time.
//!
//! Two outputs, one above the other, read four values of each column. For the upper output the last weight is
//! zero. For the lower output the first weight is zero. Two of the three columns of an output are kept from the
//! output before.

use super::linear::apply_gelu;
use super::product::requants;
use super::vector::{Vector, load_half_up_to, pack, store_half_up_to};
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear};
use crate::rows::{part, part_mut};
use crate::window::Band;

/// Channels of a vector of i16.
const CHANNELS: usize = 8;

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8<V: Vector>(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let channels = band.grid.channels;
    let Some(last) = channels.checked_sub(CHANNELS) else {
        return generic::depthwise_i8(x, band, pad, layer, activation, out);
    };
    let zero_point = V::splat16(activation.zero_point.into());
    // The last vector can overlap the one before it. Its first channels are then computed twice, so that no
    // vector is partial.
    for first in (0..channels).step_by(CHANNELS).map(|first| first.min(last)) {
        Plane { x, band, first, outside: V::splat16(pad.into()) }.convolve(layer, zero_point, out);
    }
    apply_gelu::<V>(activation, out);
}

/// Four values of each of eight channels, as [`Vector::column`] gives them.
type Column<V> = [V; 4];

/// Eight channels of the input.
struct Plane<'a, V> {
    x: &'a [i8],
    band: &'a Band,
    first: usize,
    /// The values outside the grid.
    outside: V,
}

impl<V: Vector> Plane<'_, V> {
    fn convolve(&self, layer: &Linear<'_>, zero_point: V, out: &mut [i8]) {
        let Band { grid, rows } = self.band;
        let taps = [0, 1, 2].map(|dx| {
            [0, 1, 2].map(|dy| {
                let start = (3 * dy + dx) * grid.channels + self.first;
                widen(part(layer.weights(), start, CHANNELS))
            })
        });
        let zero = V::zero();
        let upper = taps.map(|[top, middle, bottom]| V::column([top, middle, bottom, zero]));
        let lower = taps.map(|[top, middle, bottom]| V::column([zero, top, middle, bottom]));
        let start = biases(layer, self.first);
        let [requant0, requant1] = requants::<V>(layer, self.first);
        let outside = V::column([self.outside; 4]);
        for row in rows.clone().step_by(2) {
            let mut columns = [outside, outside, self.column(row, 0)];
            for at in 0..grid.width {
                let [_, left, middle] = columns;
                let next = at + 1;
                let right = if next < grid.width { self.column(row, next) } else { outside };
                columns = [left, middle, right];
                let bytes = |taps: &[Column<V>; 3]| {
                    let mut sums = start;
                    for (x, w) in columns.iter().zip(taps) {
                        sums = V::add_column(sums, x, w);
                    }
                    let [first, second] = sums;
                    pack([first.rescale(&requant0), second.rescale(&requant1)], zero_point)
                };
                self.store(bytes(&upper), (row, at), out);
                if row + 1 < rows.end {
                    self.store(bytes(&lower), (row + 1, at), out);
                }
            }
        }
    }

    /// The values of a column in the rows `row − 1` to `row + 2`.
    #[inline]
    fn column(&self, row: usize, at: usize) -> Column<V> {
        let grid = self.band.grid;
        V::column([0, 1, 2, 3].map(|dy| match (row + dy).checked_sub(1) {
            Some(y) if y < grid.height => {
                let start = (y * grid.width + at) * grid.channels + self.first;
                widen(part(self.x, start, CHANNELS))
            }
            _ => self.outside,
        }))
    }

    /// Stores the channels of a position within the rows that are written.
    #[inline]
    fn store(&self, bytes: V, (row, at): (usize, usize), out: &mut [i8]) {
        let grid = self.band.grid;
        let position = (row - self.band.rows.start) * grid.width + at;
        let start = position * grid.channels + self.first;
        store_half_up_to(bytes, part_mut(out, start, CHANNELS));
    }
}

/// Eight i8 as i16.
#[inline]
fn widen<V: Vector>(values: &[i8]) -> V {
    let [lower, _] = load_half_up_to::<V>(values).widen8();
    lower
}

/// Biases of eight channels from `first` on.
#[inline]
fn biases<V: Vector>(layer: &Linear<'_>, first: usize) -> [V; 2] {
    let mut biases = [[0; 4]; 2];
    for (bias, channel) in biases.as_flattened_mut().iter_mut().zip(layer.requants_from(first)) {
        *bias = channel.bias;
    }
    biases.each_ref().map(V::load32)
}
