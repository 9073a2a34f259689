//! Work split over the batch, in the same way on any number of processors.

use rayon::prelude::*;

use super::kernels::vectorised::vectorised;

/// Parts that a batch is split into. Fixed, so that sums over the parts do not depend on the
/// machine; more parts than processors, so that a part that waits holds up little.
pub(crate) const PARTS: usize = 16;

/// Fills `out`, of `items` equal items, calling `work(first item, part of out)` for each part.
pub(super) fn fill(out: &mut [f32], items: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    let (part, part_len) = split(out, items);
    out.par_chunks_mut(part_len).enumerate().for_each(|(index, out)| work(index * part, out));
}

/// As [`fill`], where each part also returns sums, which are added up over the parts in order.
pub(super) fn fill_and_sum(
    out: &mut [f32],
    items: usize,
    work: impl Fn(usize, &mut [f32]) -> Vec<f32> + Sync,
) -> Vec<f32> {
    let (part, part_len) = split(out, items);
    let parts = out.par_chunks_mut(part_len).enumerate();
    add_up(parts.map(|(index, out)| work(index * part, out)).collect())
}

/// Sums over `items` items, calling `work(first item, number of items)` for each part.
pub(super) fn sum(items: usize, work: impl Fn(usize, usize) -> Vec<f32> + Sync) -> Vec<f32> {
    let part = items.div_ceil(PARTS).max(1);
    let parts = (0..items.div_ceil(part)).into_par_iter();
    add_up(parts.map(|index| work(index * part, part.min(items - index * part))).collect())
}

/// Items of one part, and their values in `out`.
fn split(out: &[f32], items: usize) -> (usize, usize) {
    let part = items.div_ceil(PARTS).max(1);
    (part, (part * (out.len() / items.max(1))).max(1))
}

fn add_up(sums: Vec<Vec<f32>>) -> Vec<f32> {
    let mut sums = sums.into_iter();
    let mut total = sums.next().unwrap_or_default();
    for sum in sums {
        add_slice(&mut total, &sum);
    }
    total
}

vectorised! {
    fn add_slice(total: &mut [f32], values: &[f32]) {
        add(total, values);
    }
}

/// `total += values`, element by element.
#[inline(always)]
pub(super) fn add(total: &mut [f32], values: &[f32]) {
    for (total, value) in total.iter_mut().zip(values) {
        *total += value;
    }
}
