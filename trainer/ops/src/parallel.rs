//! Splits work over the batch, in the same way on any number of cores.

use rayon::prelude::*;

use crate::kernels::parts::filled;
use crate::kernels::vectorised::vectorised;

/// Number of parts that a batch is split into. It is fixed, so that sums over the parts do not depend on
/// the machine. It is larger than the number of cores of most machines, so that one slow part delays the
/// others little.
pub const PARTS: usize = 16;

/// `len` values of `items` equal items. `work(first item, part)` fills each part, which begins as zeros.
pub(super) fn fill(len: usize, items: usize, work: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let [out] = fill_each(len, items, |first, [out]| work(first, out));
    out
}

/// As [`fill`] for several outputs of the same length.
pub(super) fn fill_each<const N: usize>(
    len: usize,
    items: usize,
    work: impl Fn(usize, [&mut [f32]; N]) + Sync,
) -> [Vec<f32>; N] {
    let lens = [len / items.max(1); N];
    filled(items, lens, part_of(items), |first, blanks| {
        work(first, blanks.each_mut().map(|blank| blank.take(blank.len())));
    })
    .0
}

/// As [`fill`], where each part also returns sums, which are added up over the parts in order.
pub(super) fn fill_and_sum(
    len: usize,
    items: usize,
    work: impl Fn(usize, &mut [f32]) -> Vec<f32> + Sync,
) -> (Vec<f32>, Vec<f32>) {
    let ([out], sums) = filled(items, [len / items.max(1)], part_of(items), |first, [out]| {
        work(first, out.take(out.len()))
    });
    (out, add_up(sums))
}

/// Fills outputs of `lens` values per item, at most `group` items at a time, and adds up `sums` values:
/// `work(first item, items, outputs, sums)`.
pub(super) fn fill_groups<const N: usize>(
    items: usize,
    lens: [usize; N],
    group: usize,
    sums: usize,
    work: impl Fn(usize, usize, [&mut [f32]; N], &mut [f32]) + Sync,
) -> ([Vec<f32>; N], Vec<f32>) {
    let part = part_of(items);
    let (outputs, sums) = filled(items, lens, part, |start, blanks| {
        let mut sums = vec![0.0; sums];
        let end = items.min(start + part);
        for first in (start..end).step_by(group) {
            let count = group.min(end - first);
            let mut lens = lens.iter();
            let outputs = blanks
                .each_mut()
                .map(|blank| blank.take(count * lens.next().expect("as many as outputs")));
            work(first, count, outputs, &mut sums);
        }
        sums
    });
    (outputs, add_up(sums))
}

/// Changes `values` of `items` equal items: `work(first item, part)`.
pub(super) fn update(values: &mut [f32], items: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    let part = part_of(items);
    let len = (part * (values.len() / items.max(1))).max(1);
    values.par_chunks_mut(len).enumerate().for_each(|(index, values)| work(index * part, values));
}

/// Sums over `items` items, calling `work(first item, number of items)` for each part.
pub(super) fn sum(items: usize, work: impl Fn(usize, usize) -> Vec<f32> + Sync) -> Vec<f32> {
    let part = part_of(items);
    let parts = (0..items.div_ceil(part)).into_par_iter();
    add_up(parts.map(|index| work(index * part, part.min(items - index * part))).collect())
}

/// Items of one part.
fn part_of(items: usize) -> usize {
    items.div_ceil(PARTS).max(1)
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
