//! The definition: the plainest loops that follow `F16.md`.
//!
//! Every other set returns the same bits for the same operands. The caller must give operands of the lengths
//! that each kernel states. If lengths disagree, the shortest operand decides, and a release build does not
//! panic.

use super::functions::{self, LOG2_E, exp2};
use super::operand::{F16Attention, F16Linear, F16Norm};
use super::set::F16Kernels;
use crate::config::MAX_HEAD_DIM;
use crate::kernels::scalar::window_position;
use crate::rows::{part, rows, rows_mut, tail};
use crate::window::Band;

/// The scalar set.
pub static KERNELS: F16Kernels =
    F16Kernels { name: "scalar", linear, linear_add, depthwise, gelu, norm, attention };

/// Partial sums of a row in [`norm`].
pub(super) const LANES: usize = 16;
/// Added to the variance of every normalisation.
const EPS: f32 = 1e-6;

/// `out = layer(x)`: [`linear_add`] to zeros.
pub fn linear(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    out.fill(0.0);
    linear_add(x, layer, out);
}

/// `out = out + layer(x)`: `x` is `[rows, k]`, `out` `[rows, n]`.
///
/// The bias is added first, then the products of the inputs, one after another.
pub fn linear_add(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    for (x, out) in rows(x, layer.k).zip(rows_mut(out, layer.outputs())) {
        let channels = layer.weights.chunks(layer.k).zip(layer.bias.iter());
        for (out, (weights, bias)) in out.iter_mut().zip(channels) {
            *out += bias;
            for (x, weight) in x.iter().zip(weights.iter()) {
                *out += x * weight;
            }
        }
    }
}

/// Depthwise 3×3 convolution with padding 1: `x` is `band.grid`, `out` its `band.rows`; weights are
/// `[row, column, channel]`.
///
/// A sum starts with the bias. The products of the taps inside the grid follow, in the order of the weights.
pub fn depthwise(x: &[f32], band: &Band, layer: &F16Linear<'_>, out: &mut [f32]) {
    let grid = band.grid;
    let channels = grid.channels.max(1);
    for (position, out) in rows_mut(out, channels).enumerate() {
        let (row, column) = (position / grid.width.max(1), position % grid.width.max(1));
        let row = band.rows.start + row;
        for (out, bias) in out.iter_mut().zip(layer.bias.iter()) {
            *out = bias;
        }
        for (tap, weights) in layer.weights.chunks(channels).enumerate() {
            let Some(at) = window_position(grid, row, column, tap) else { continue };
            let x = tail(x, at * channels);
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weights.iter()) {
                *out += x * weight;
            }
        }
    }
}

/// Replaces each value by its GELU.
pub fn gelu(values: &mut [f32]) {
    for value in values {
        *value = functions::gelu(*value);
    }
}

/// Layer normalisation of rows of `n = norm.gamma.len()` values.
///
/// ```text
/// mean     = sum(x_i) / n
/// variance = sum((x_i − mean)²) / n
/// gain     = 1 / sqrt(variance + 10^−6)
/// out_i    = ((x_i − mean) · gain) · gamma_i + beta_i
/// ```
/// `sum` adds value `i` to partial sum `i mod 16`, then adds up the partial sums, see `total`.
pub fn norm(x: &[f32], norm: &F16Norm<'_>, out: &mut [f32]) {
    let dim = norm.gamma.len();
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let mut sums = [0.0; LANES];
        for x in x.chunks(LANES) {
            sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        }
        let mean = total(sums) / count(dim);
        let mut squares = [0.0; LANES];
        for x in x.chunks(LANES) {
            squares.iter_mut().zip(x).for_each(|(sum, x)| *sum += (x - mean) * (x - mean));
        }
        let gain = gain(total(squares) / count(dim), libm::sqrtf);
        let affine = norm.gamma.iter().zip(norm.beta.iter());
        for ((out, x), (gamma, beta)) in out.iter_mut().zip(x).zip(affine) {
            *out = (x - mean) * gain * gamma + beta;
        }
    }
}

/// The sum of partial sums: the last eight are added to the first eight, then the last four of these to the
/// first four, and so on.
pub(super) fn total(mut sums: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        let (first, last) = sums.split_at_mut(half);
        first.iter_mut().zip(last).for_each(|(first, last)| *first += *last);
    }
    let [total, ..] = sums;
    total
}

/// The factor of a row. Square roots are those of IEEE 754, so it does not matter who computes them.
pub(super) fn gain(variance: f32, sqrt: impl Fn(f32) -> f32) -> f32 {
    1.0 / sqrt(variance + EPS)
}

/// A number of values as a float.
#[expect(clippy::cast_precision_loss, reason = "a row has at most 1,024 values")]
pub(super) const fn count(values: usize) -> f32 {
    values as f32
}

/// Attention of all heads over packed projections, as
/// [`attention_i8`](crate::kernels::scalar::attention_i8).
///
/// ```text
/// t_j = (sum over i of q_i · k_ji) · scale         scale = log2(e) / sqrt(head_dim)
/// e_j = exp2(t_j − max t)                          the maximum of all t that are no NaN
/// a_i = sum over j of e_j · v_ji
/// out_i = a_i · (1 / sum of e_j)
/// ```
/// Each sum starts with 0 and adds one term after another. A term is a rounded product.
pub fn attention(qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) {
    let (heads, head_dim) = (attention.heads, attention.head_dim.max(1));
    let width = (heads * head_dim).max(1);
    let scale = scale(head_dim);
    for token in 0..scores.len() {
        for head in 0..heads {
            let start = head * head_dim;
            let place = token * 3 * width + start;
            let query = part(qkv, place, head_dim);
            let mut highest = f32::NEG_INFINITY;
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter_mut()) {
                let key = part(row, width + start, head_dim);
                let sum = query.iter().zip(key).fold(0.0, |sum, (q, k)| sum + q * k);
                *score = sum * scale;
                highest = if *score > highest { *score } else { highest };
            }
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = exp2(*score - highest);
                sum += *score;
            }
            let share = 1.0 / sum;
            let mut context = [0.0; MAX_HEAD_DIM];
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter()) {
                let value = part(row, 2 * width + start, head_dim);
                for (context, value) in context.iter_mut().zip(value) {
                    *context += score * value;
                }
            }
            let places = qkv.iter_mut().skip(place).take(head_dim);
            places.zip(context).for_each(|(place, context)| *place = context * share);
        }
    }
}

/// The factor of a score.
pub(in crate::kernels) fn scale(head_dim: usize) -> f32 {
    LOG2_E / libm::sqrtf(count(head_dim))
}
