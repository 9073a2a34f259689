//! Depthwise convolutions, a block of channels at each position.

use crate::kernels::operand::{Activation, Linear};
use crate::kernels::scalar;
use crate::rows::{rows, rows_mut, tail};
use crate::window::Band;

/// Channels that are accumulated together.
const LANES: usize = 16;

/// Same contract as [`scalar::depthwise_i8`].
pub fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let grid = band.grid;
    let channels = grid.channels.max(1);
    for (position, out) in rows_mut(out, channels).enumerate() {
        let (row, column) = (position / grid.width.max(1), position % grid.width.max(1));
        let row = band.rows.start + row;
        let mut requants = layer.requants();
        for (block, out) in out.chunks_mut(LANES).enumerate() {
            let start = block * LANES;
            let mut acc = [0i32; LANES];
            for (tap, w) in rows(layer.weights(), channels).enumerate() {
                let w = tail(w, start);
                match scalar::window_position(grid, row, column, tap) {
                    Some(at) => {
                        let x = tail(x, at * channels + start);
                        for ((acc, &x), &w) in acc.iter_mut().zip(x).zip(w) {
                            *acc += i32::from(x) * i32::from(w);
                        }
                    }
                    None => {
                        for (acc, &w) in acc.iter_mut().zip(w) {
                            *acc += i32::from(pad) * i32::from(w);
                        }
                    }
                }
            }
            for ((out, acc), channel) in out.iter_mut().zip(acc).zip(&mut requants) {
                *out = activation.apply(channel.requant.apply(channel.bias + acc));
            }
        }
    }
}
