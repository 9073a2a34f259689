//! Linear layers, a few output channels at a time.

use super::dot::dot;
use crate::format::I32Le;
use crate::kernels::operand::{Activation, Linear, Skip, add_i16};
use crate::rows::{rows, rows_mut};
use core::slice;

/// Number of output channels that are summed in one pass over an input row.
const BLOCK: usize = 4;

/// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
pub fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    linear(x, layer, out, |rescaled, out| activation.store(rescaled, out));
}

/// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
pub fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    linear(x, layer, out, |rescaled, out| skip.store(rescaled, out));
}

/// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
pub fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    linear(x, layer, out, add_i16);
}

/// Same contract as [`scalar::logits_i8`](crate::kernels::scalar::logits_i8).
pub fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    for ((w, bias), out) in rows(w, x.len()).zip(bias.iter()).zip(out) {
        *out = bias + dot(x, w);
    }
}

/// All rows times all channels. Calls `store` with the rescaled sums of neighbouring channels of a row, and
/// with their part of `out`.
#[inline]
fn linear<T>(x: &[i8], layer: &Linear<'_>, out: &mut [T], store: impl Fn(&[i32], &mut [T])) {
    #[cfg(widened_target)]
    if super::widened::linear::linear(x, layer, out, &store) {
        return;
    }
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
        let mut requants = layer.requants();
        for (w, out) in layer.weights().chunks((BLOCK * k).max(1)).zip(out.chunks_mut(BLOCK)) {
            let acc = block_dot(x, w);
            for ((out, acc), channel) in out.iter_mut().zip(acc).zip(&mut requants) {
                store(&[channel.requant.apply(channel.bias + acc)], slice::from_mut(out));
            }
        }
    }
}

/// The dot products of one input row with up to [`BLOCK`] weight rows; 0 for each missing weight row.
#[inline]
fn block_dot(x: &[i8], w: &[i8]) -> [i32; BLOCK] {
    let k = x.len();
    let mut acc = [0i32; BLOCK];
    if let (Some((w0, w)), true) = (w.split_at_checked(k), w.len() == BLOCK * k)
        && let Some((w1, w)) = w.split_at_checked(k)
        && let Some((w2, w3)) = w.split_at_checked(k)
    {
        for ((((&x, &w0), &w1), &w2), &w3) in x.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
            let x = i32::from(x);
            acc[0] += x * i32::from(w0);
            acc[1] += x * i32::from(w1);
            acc[2] += x * i32::from(w2);
            acc[3] += x * i32::from(w3);
        }
    } else {
        for (acc, w) in acc.iter_mut().zip(rows(w, k)) {
            *acc = dot(x, w);
        }
    }
    acc
}
