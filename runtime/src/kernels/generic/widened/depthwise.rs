//! Depthwise convolutions. The outer loop is over vectors of channels, the inner loops over positions.

use super::panel::LANES;
use super::requants::{Requants, store_lanes};
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::scalar;
use crate::rows::{part, part_mut, rows, rows_mut};
use crate::window::Band;

/// Taps of a window.
const TAPS: usize = 9;

/// Same contract as [`scalar::depthwise_i8`].
#[inline]
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
    let Some(last) = channels.checked_sub(LANES) else {
        return scalar::depthwise_i8(x, band, pad, layer, activation, out);
    };
    let line = (grid.width * channels).max(1);
    let outside = [pad; LANES];
    // The last vector ends with the last channel, so it can overlap the previous vector. Some channels are
    // computed twice, so that no loop over single channels is needed.
    for start in (0..channels).step_by(LANES).map(|start| start.min(last)) {
        let requants = Requants::new(layer, start);
        let mut weights = [[0; LANES]; TAPS];
        for (to, row) in weights.iter_mut().zip(rows(layer.weights(), channels)) {
            debug_assert!(chunk(row, start).is_some(), "a weight for each channel");
            *to = chunk(row, start).unwrap_or(&outside).map(i16::from);
        }
        for (row, out) in band.rows.clone().zip(rows_mut(out, line)) {
            let lines = [row.wrapping_sub(1), row, row + 1]
                .map(|row| if row < grid.height { part(x, row * line, line) } else { &[] });
            for (column, out) in rows_mut(out, channels).enumerate() {
                let mut acc = [0; LANES];
                for (line, weights) in lines.iter().zip(weights.as_chunks::<3>().0) {
                    for (dx, weights) in weights.iter().enumerate() {
                        let at = (column + dx).checked_sub(1).map(|column| column * channels);
                        let x = at.and_then(|at| chunk(line, at + start)).unwrap_or(&outside);
                        // A product of two i8 fits i16.
                        for ((acc, &x), &w) in acc.iter_mut().zip(x).zip(weights) {
                            *acc += i32::from(i16::from(x).wrapping_mul(w));
                        }
                    }
                }
                let places = part_mut(out, start, LANES);
                let store = |rescaled: &[i32], out: &mut [i8]| activation.store(rescaled, out);
                store_lanes(&requants.apply(&acc), places, &store);
            }
        }
    }
}

#[inline]
fn chunk(values: &[i8], start: usize) -> Option<&[i8; LANES]> {
    values.get(start..)?.first_chunk()
}
