//! Portable blocks: the arithmetic of [`scalar`] with loops over fixed-length
//! pieces and no table look-up inside them, which compilers turn into SIMD for any target.
//!
//! Sums are exact and bounded in every order (`INTEGER.md`), so reassociating them cannot change a
//! bit.

use super::operand::add_i16;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
pub use super::widened_depthwise::depthwise_i8;
use super::{Activation, Attention, Kernels, Linear, Norm, Skip, scalar};
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")))]
use crate::config::Grid;
use crate::config::MAX_HEAD_DIM;
use crate::fixed::{exp2_neg, rescale, sat8};
use crate::format::I32Le;
use core::slice;

/// The generic set.
pub static KERNELS: Kernels = Kernels {
    name: "generic",
    linear_i8,
    linear_skip_i8,
    linear_add_i16,
    logits_i32: scalar::logits_i32,
    logits_i8,
    depthwise_i8,
    layer_norm_i8,
    layer_norm_affine_i8: scalar::layer_norm_affine_i8,
    attention_i8,
    pool_i32: scalar::pool_i32,
    packing: None,
    conv: None,
};
use crate::rows::{part, rows, rows_mut};

/// Output channels that share one pass over an input row.
const BLOCK: usize = 4;
/// Channels of a depthwise convolution that are accumulated together.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")))]
const LANES: usize = 16;

/// Same contract as [`scalar::linear_i8`].
pub fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    linear(x, layer, out, |rescaled, out| activation.store(rescaled, out));
}

/// Same contract as [`scalar::linear_skip_i8`].
pub fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    linear(x, layer, out, |rescaled, out| skip.store(rescaled, out));
}

/// Same contract as [`scalar::linear_add_i16`].
pub fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    linear(x, layer, out, add_i16);
}

/// Same contract as [`scalar::logits_i8`].
pub fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    for ((w, bias), out) in rows(w, x.len()).zip(bias.iter()).zip(out) {
        *out = bias + dot(x, w);
    }
}

/// Same contract as [`scalar::depthwise_i8`].
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128")))]
pub fn depthwise_i8(
    x: &[i8],
    grid: Grid,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let channels = grid.channels.max(1);
    for (position, out) in rows_mut(out, channels).enumerate() {
        let (row, column) = (position / grid.width.max(1), position % grid.width.max(1));
        let mut rescales = layer.rescales();
        for (block, out) in out.chunks_mut(LANES).enumerate() {
            let start = block * LANES;
            let mut acc = [0i32; LANES];
            for (tap, w) in rows(layer.weights(), channels).enumerate() {
                let w = w.get(start..).unwrap_or(&[]);
                match scalar::window_position(grid, row, column, tap) {
                    Some(at) => {
                        let x = x.get(at * channels + start..).unwrap_or(&[]);
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
            for ((out, acc), channel) in out.iter_mut().zip(acc).zip(&mut rescales) {
                *out = activation.apply(channel.requant.apply(channel.bias + acc));
            }
        }
    }
}

/// Same contract as [`scalar::layer_norm_i8`].
pub fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = scalar::row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = sat8(i32::from(norm.zero_point) + rescale(row.normalise(x), mult, shift));
        }
    }
}

/// Same contract as [`scalar::attention_i8`].
pub fn attention_i8(qkv: &[i8], attention: &Attention, scores: &mut [i32], out: &mut [i8]) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
    if super::widened_attention::attention_i8(qkv, attention, scores.len(), out) {
        return;
    }
    let width = (attention.heads * attention.head_dim).max(1);
    let head_dim = attention.head_dim.max(1);
    for (query, out) in rows(qkv, 3 * width).zip(rows_mut(out, width)) {
        let heads = rows(query, head_dim).zip(rows_mut(out, head_dim));
        for (head, (query, out)) in heads.take(attention.heads).enumerate() {
            let start = width + head * head_dim;
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter_mut()) {
                *score = dot(query, row.get(start..start + head_dim).unwrap_or(&[]));
            }
            let sum = exponentials(attention, scores);
            let mut acc = [0i32; MAX_HEAD_DIM];
            weigh(qkv, 3 * width, (start + width, head_dim), scores, &mut acc);
            let mult = attention.row_mult(sum);
            for (out, acc) in out.iter_mut().zip(acc) {
                *out = attention.store(acc, mult);
            }
        }
    }
}

/// Turns a row's scores into exponentials and sums them.
#[inline]
pub(super) fn exponentials(attention: &Attention, scores: &mut [i32]) -> u32 {
    let highest = scores.iter().copied().max().unwrap_or(0);
    let mut sum = 0;
    for score in scores {
        let e = exp2_neg(attention.octaves.apply(highest.abs_diff(*score)));
        sum += u32::from(e);
        *score = e.into();
    }
    sum
}

/// `acc[i] += Σ_j e[j] · v[j, i]`, where row `j` of `len` values has its `v` at `place`, a start and a length.
/// Four rows share a pass over the sums.
#[inline]
fn weigh(values: &[i8], len: usize, place: (usize, usize), e: &[i32], acc: &mut [i32]) {
    let (start, width) = place;
    let (fours, rest) = e.as_chunks::<4>();
    let (whole, last) = values.split_at_checked(4 * len * fours.len()).unwrap_or((values, &[]));
    for (rows, e) in rows(whole, 4 * len).zip(fours) {
        let row = |index| part(rows, index * len + start, width);
        let four = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
        // Exponentials are at most 255, which no compiler knows.
        let e = e.map(|e| e & 0xFF);
        for (acc, (((&a, &b), &c), &d)) in acc.iter_mut().zip(four) {
            let v = [a, b, c, d].map(i32::from);
            *acc += e[0] * v[0] + e[1] * v[1] + e[2] * v[2] + e[3] * v[3];
        }
    }
    for (row, &e) in rows(last, len).zip(rest) {
        for (acc, &v) in acc.iter_mut().zip(part(row, start, width)) {
            *acc += e * i32::from(v);
        }
    }
}

/// Calls `store` with rescaled sums of neighbouring channels of a row and with their places.
#[inline]
fn linear<T>(x: &[i8], layer: &Linear<'_>, out: &mut [T], store: impl Fn(&[i32], &mut [T])) {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "simd128"))]
    if super::widened::linear(x, layer, out, &store) {
        return;
    }
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    for (x, out) in rows(x, k).zip(rows_mut(out, n)) {
        let mut rescales = layer.rescales();
        for (w, out) in layer.weights().chunks((BLOCK * k).max(1)).zip(out.chunks_mut(BLOCK)) {
            let acc = block_dot(x, w);
            for ((out, acc), channel) in out.iter_mut().zip(acc).zip(&mut rescales) {
                store(&[channel.requant.apply(channel.bias + acc)], slice::from_mut(out));
            }
        }
    }
}

/// The products of one input row with up to [`BLOCK`] weight rows, zeros beyond.
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

#[inline]
fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum()
}
