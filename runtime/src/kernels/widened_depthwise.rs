//! Depthwise convolutions, a vector of channels at every position before the next channels.

use super::widened::{LANES, Rescales, store_lanes};
use super::{Activation, Linear, scalar};
use crate::config::Grid;
use crate::rows::{part, part_mut, rows, rows_mut};

/// Taps of a window.
const TAPS: usize = 9;

/// Same contract as [`scalar::depthwise_i8`].
#[inline]
pub fn depthwise_i8(
    x: &[i8],
    grid: Grid,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let (channels, width) = (grid.channels.max(1), grid.width.max(1));
    for start in (0..channels).step_by(LANES) {
        let len = LANES.min(channels - start);
        let rescales = Rescales::new(layer, start);
        let mut weights = [[0; LANES]; TAPS];
        for (to, row) in weights.iter_mut().zip(rows(layer.weights(), channels)) {
            *to = widen(part(row, start, len));
        }
        for (position, out) in rows_mut(out, channels).enumerate() {
            let (row, column) = (position / width, position % width);
            let mut acc = [0; LANES];
            for (tap, weights) in weights.iter().enumerate() {
                let values = match scalar::window_position(grid, row, column, tap) {
                    Some(at) => widen(part(x, at * channels + start, len)),
                    None => [pad.into(); LANES],
                };
                // A product of two i8 fits i16.
                for ((acc, &x), &w) in acc.iter_mut().zip(&values).zip(weights) {
                    *acc += i32::from(x.wrapping_mul(w));
                }
            }
            let places = part_mut(out, start, len);
            let store = |rescaled: &[i32], out: &mut [i8]| activation.store(rescaled, out);
            store_lanes(&rescales.apply(&acc), places, &store);
        }
    }
}

/// Zeros in place of the channels that there are not.
#[inline]
fn widen(values: &[i8]) -> [i16; LANES] {
    if let (LANES, Some(values)) = (values.len(), values.first_chunk::<LANES>()) {
        return values.map(i16::from);
    }
    let mut all = [0; LANES];
    for (to, &from) in all.iter_mut().zip(values) {
        *to = from.into();
    }
    all
}
