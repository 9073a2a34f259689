//! Linear layers by panels of weights.

use super::panel::{LANES, MAX_K, ROWS, no_panels, no_spread, pack, products, repeat};
use super::requants::{Requants, store_lanes};
use crate::kernels::operand::Linear;
use crate::rows::{part_mut, rows, rows_mut};

/// Maximum number of inputs of a row for which the small buffers suffice. They take about half of the stack
/// that [`MAX_K`] inputs need.
const FEW_INPUTS: usize = 288;
/// Maximum number of panels that are kept together.
const PANELS: usize = 32;
/// Minimum number of rows for which widened weights are faster.
const MIN_ROWS: usize = 4;

/// Calls `store` with up to [`LANES`] rescaled sums of a row, and with the part of `out` that they
/// belong to. Returns `false`, and calls nothing, if there are too few rows or too many inputs.
#[inline]
pub(in super::super) fn linear<T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) -> bool {
    let k = layer.inputs().max(1);
    if k > MAX_K || x.len() < MIN_ROWS * k {
        return false;
    }
    // Clearing a stack takes time, and most layers have few inputs.
    if k <= FEW_INPUTS {
        tiles::<{ FEW_INPUTS / 2 }, T>(x, layer, out, store);
    } else {
        tiles::<{ MAX_K / 2 }, T>(x, layer, out, store);
    }
    true
}

/// All rows times all channels, for up to `2 · PAIRS` inputs.
fn tiles<const PAIRS: usize, T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    let out = part_mut(out, 0, out.len().min((x.len() / k).saturating_mul(n)));
    let mut panels = no_panels();
    let mut spread = no_spread::<PAIRS>();
    let mut requants = [Requants::NONE; PANELS];
    let pairs = k.div_ceil(2);
    let max = LANES * PANELS.min(MAX_K / pairs.max(1));
    for (block, weights) in layer.weights().chunks((max * k).max(1)).enumerate() {
        let first = block * max;
        for (index, weights) in weights.chunks((LANES * k).max(1)).enumerate() {
            pack(rows(weights, k), part_mut(&mut panels, index * pairs, pairs));
            if let Some(place) = requants.get_mut(index) {
                *place = Requants::new(layer, first + index * LANES);
            }
        }
        let channels = max.min(n - first);
        let tiles = x.chunks((ROWS * k).max(1)).zip(out.chunks_mut((ROWS * n).max(1)));
        for (x, out) in tiles {
            for (x, spread) in rows(x, k).zip(&mut spread) {
                repeat(x, i16::from, spread);
            }
            let starts = (0..channels).step_by(LANES);
            for ((start, panel), requants) in starts.zip(rows(&panels, pairs)).zip(&requants) {
                let len = LANES.min(channels - start);
                for (acc, out) in products(&spread, panel).iter().zip(rows_mut(out, n)) {
                    let places = part_mut(out, first + start, len);
                    store_lanes(&requants.apply(acc), places, store);
                }
            }
        }
    }
}
