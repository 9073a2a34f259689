//! Linear layers and convolutions over windows.

use super::instructions::{smlad, sxtb16, sxtb16_odd, word};
use super::product::four_rows;
use super::rescale::{Exact, HighWord, sat8, sat16};
use super::wide::{Group, ROWS, Wide, part_of_word};
use crate::fixed::Requant;
use crate::kernels::{Activation, Linear, Skip};
use crate::rows::{rows, rows_mut};

/// Four rows of up to 768 inputs: 6 KiB of stack.
type Rows = Wide<192>;

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub(super) fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    match activation.gelu {
        Some((table, _)) => each_output(x, layer, activation.zero_point, out, |value, out| {
            let q = sat8(value);
            *out = table.get(usize::from(q.cast_unsigned())).copied().unwrap_or(q);
        }),
        None => each_output(x, layer, activation.zero_point, out, |value, out| *out = sat8(value)),
    }
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub(super) fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    let zero = i32::from(skip.input_zero_point);
    let scale = Exact::new(skip.requant);
    each_output(x, layer, skip.zero_point, out, |value, out| {
        *out = sat8(value + scale.apply((i32::from(*out) - zero) * 256));
    });
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub(super) fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    each_output(x, layer, 0, out, |value, out| *out = sat16(i32::from(*out) + value));
}

/// Calls `store` with each rescaled accumulator plus the zero point, and its place.
#[inline(always)]
fn each_output<T>(
    mut x: &[i8],
    layer: &Linear<'_>,
    zero_point: i8,
    mut out: &mut [T],
    store: impl Fn(i32, &mut T),
) {
    let (k, n) = (layer.inputs(), layer.outputs());
    if k <= Rows::MAX && all_in_range(layer) {
        let mut wide = Rows::new();
        while let Some((tile, rest)) = x.split_at_checked(ROWS * k)
            && out.len() >= ROWS * n
        {
            let (tile_out, rest_out) = core::mem::take(&mut out).split_at_mut(ROWS * n);
            (x, out) = (rest, rest_out);
            let starts = core::array::from_fn(|row| tile.as_ptr().wrapping_add(row * k));
            // SAFETY: the tile has four rows of `k` values, and `k` fits.
            let wide = unsafe { wide.fill(starts, k) };
            tile_outputs(wide, layer, zero_point, tile_out, &store);
        }
    }
    for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
        for (channel, out) in layer.channels().zip(out) {
            let value = channel.requant.apply(channel.bias + dot(x, channel.weights));
            store(i32::from(zero_point) + value, out);
        }
    }
}

/// All channels of four rows; `out` is `[4, n]`.
#[inline(always)]
fn tile_outputs<T>(
    wide: &[Group],
    layer: &Linear<'_>,
    zero_point: i8,
    out: &mut [T],
    store: &impl Fn(i32, &mut T),
) {
    let (k, n) = (layer.inputs(), layer.outputs());
    let weights = layer.weights().as_ptr_range();
    // A last group that is not full reads on into the next channel, against zeros.
    let last_whole = weights.end.wrapping_sub(4 * wide.len());
    let (bias, mult, shift) = layer.stored(0, layer.outputs());
    // Pointers, not iterators: these compile to the same few instructions at every level.
    let (mut start, mut place) = (weights.start, out.as_mut_ptr());
    let (mut bias, mut mult, mut shift) = (bias.as_ptr(), mult.as_ptr(), shift.as_ptr());
    for _ in 0..n {
        // SAFETY: there are `n` biases, multipliers and shifts.
        let (channel_bias, channel_mult, channel_shift) = unsafe { (*bias, *mult, *shift) };
        let channel_bias = i32::from_le_bytes(channel_bias);
        let acc = if start <= last_whole {
            // SAFETY: as many weights are left as the groups have.
            unsafe { four_rows(wide, start, channel_bias) }
        } else {
            // SAFETY: each channel has `k` weights.
            unsafe { last_channel(wide, start, k, channel_bias) }
        };
        let scale = HighWord::in_range(i32::from_le_bytes(channel_mult), channel_shift, zero_point);
        let [a, b, c, d] = acc;
        // SAFETY: `out` has four rows of `n` values, and there are `n` channels.
        unsafe {
            store(scale.apply(a), &mut *place);
            store(scale.apply(b), &mut *place.add(n));
            store(scale.apply(c), &mut *place.add(2 * n));
            store(scale.apply(d), &mut *place.add(3 * n));
        }
        (bias, mult, shift) = (bias.wrapping_add(1), mult.wrapping_add(1), shift.wrapping_add(1));
        (start, place) = (start.wrapping_add(k), place.wrapping_add(1));
    }
}

/// Whether [`HighWord`] takes every channel of a layer.
fn all_in_range(layer: &Linear<'_>) -> bool {
    let (_, mult, shift) = layer.stored(0, layer.outputs());
    mult.iter().all(|&mult| i32::from_le_bytes(mult) >= Requant::MIN_MULT)
        && shift.iter().all(|shift| HighWord::SHIFTS.contains(shift))
}

/// As [`four_rows`], reading no more than `k` weights.
///
/// # Safety
/// `weights` must point to `k` readable values, where `wide` has `k.div_ceil(4)` groups.
#[cold]
#[inline(never)]
unsafe fn last_channel(wide: &[Group], weights: *const i8, k: usize, bias: i32) -> [i32; ROWS] {
    let mut acc = [bias; ROWS];
    for (at, group) in wide.iter().enumerate() {
        // SAFETY: `4 · at < k`.
        let w = unsafe { part_of_word(weights.add(4 * at), (k - 4 * at).min(4)) };
        let (even, odd) = group.split_at(ROWS);
        for ((acc, &even), &odd) in acc.iter_mut().zip(even).zip(odd) {
            *acc = smlad(odd, sxtb16_odd(w), smlad(even, sxtb16(w), *acc));
        }
    }
    acc
}

/// `Σ x · w`, both widened on the way.
#[inline(never)]
fn dot(x: &[i8], w: &[i8]) -> i32 {
    let (x_words, x_rest) = x.as_chunks::<4>();
    let (w_words, w_rest) = w.as_chunks::<4>();
    let words = x_words.iter().zip(w_words).fold(0, |acc, (x, w)| {
        // SAFETY: both have four bytes.
        let (x, w) = unsafe { (word(x.as_ptr()), word(w.as_ptr())) };
        smlad(sxtb16_odd(x), sxtb16_odd(w), smlad(sxtb16(x), sxtb16(w), acc))
    });
    x_rest.iter().zip(w_rest).fold(words, |acc, (&x, &w)| acc + i32::from(x) * i32::from(w))
}
