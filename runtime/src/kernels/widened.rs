//! Layers on values that were widened to i16 once: a sum of products of i16 is what compilers turn into
//! multiply-and-add of pairs, where products of i8 would be widened again for every channel.
//!
//! For processors with vectors and a stack for them; others read weights where they lie.

use super::{Channel, Linear};
use crate::rows::{part_mut, rows, rows_mut};

/// Rows are filled up with zeros to a multiple of this, so that no vector is cut.
const LANES: usize = 32;
/// Most inputs of a layer that is widened.
const MAX_K: usize = 1152;
/// Widened weights that are kept: sixteen channels of [`MAX_K`] inputs, more of fewer.
const WEIGHTS: usize = 16 * MAX_K;
/// Rows from which widening weights pays.
const MIN_ROWS: usize = 4;

/// Calls `store` with each output's channel, exact accumulator and place; `false`, with nothing called, if
/// there are too few rows or too many inputs.
#[inline]
pub(super) fn each_acc<T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: &impl Fn(&Channel<'_>, i32, &mut T),
) -> bool {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    let len = k.next_multiple_of(LANES);
    if k > MAX_K || x.len() < MIN_ROWS * k {
        return false;
    }
    let mut wide = [0; WEIGHTS];
    let mut row = [0; MAX_K];
    let row = part_mut(&mut row, 0, len);
    let most = WEIGHTS / len;
    for (block, weights) in layer.weights().chunks(most * k).enumerate() {
        let first = block * most;
        for (wide, weights) in rows_mut(&mut wide, len).zip(rows(weights, k)) {
            widen(weights, wide);
        }
        for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
            widen(x, row);
            let places = part_mut(out, first, most.min(n - first));
            let channels = rows(&wide, len).zip(layer.rescales_from(first));
            for (place, (weights, channel)) in places.iter_mut().zip(channels) {
                store(&channel, channel.bias + dot(row, weights), place);
            }
        }
    }
    true
}

/// Fills up with zeros.
#[inline]
fn widen(values: &[i8], wide: &mut [i16]) {
    let (to, rest) = wide.split_at_mut(values.len().min(wide.len()));
    for (to, &from) in to.iter_mut().zip(values) {
        *to = from.into();
    }
    rest.fill(0);
}

/// Of whole [`LANES`].
#[inline]
fn dot(x: &[i16], w: &[i16]) -> i32 {
    let (x, w) = (x.as_chunks::<LANES>().0, w.as_chunks::<LANES>().0);
    let pairs = x.as_flattened().iter().zip(w.as_flattened());
    pairs.map(|(&x, &w)| i32::from(x) * i32::from(w)).sum()
}
