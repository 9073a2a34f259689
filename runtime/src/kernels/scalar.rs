//! The definition: the plainest loops that follow `INTEGER.md`.
//!
//! Every other kernel set returns the same bits for the same operands. The caller must give operands of the
//! lengths that each kernel states. If lengths disagree, the shortest operand decides, and a release build
//! does not panic; a debug build may panic.

use super::operand::{Activation, Attention, Linear, Norm, NormAffine, Skip};
use super::set::Kernels;
use crate::config::Grid;
use crate::fixed::{RowScale, exp2_neg, sat8, sat16};
use crate::format::I32Le;
use crate::rows::{part, rows, rows_mut, tail};
use crate::window::Band;

/// The scalar set.
pub static KERNELS: Kernels = Kernels {
    name: "scalar",
    linear_i8,
    linear_skip_i8,
    linear_add_i16,
    logits_i32,
    logits_i8,
    depthwise_i8,
    layer_norm_i8,
    layer_norm_affine_i8,
    attention_i8,
    pool_i32,
    packing: None,
    conv: None,
};

/// Applies one layer to int8 rows.
///
/// ```text
/// acc       = bias[j] + sum over i < k of x[t, i] * w[j, i]          (i32, exact)
/// out[t, j] = gelu(sat8(zero_point + requant[j].apply(acc)))
/// ```
/// # Shapes
/// | operand | shape | type, layout |
/// |---|---|---|
/// | `x` | `[rows, k]` | i8, row-major |
/// | `layer` | `[n, k]` | i8, one row per output channel |
/// | `out` | `[rows, n]` | i8, row-major |
/// # Scales
/// Activations are affine per tensor, weights symmetric per output channel; the input's zero
/// point is folded into the bias.
/// # Ranges and overflow
/// `|bias| ≤ 2^30` and `k ≤ 65_535` bound every partial sum by `2^31 − 2^14`, in any order.
/// # Source
/// Jacob et al., "Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference", 2018, §2.2.
pub fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
    for (x, out) in rows(x, layer.inputs()).zip(rows_mut(out, layer.outputs())) {
        for (channel, out) in layer.channels().zip(out) {
            let acc = channel.bias + dot(x, channel.weights);
            *out = activation.apply(channel.requant.apply(acc));
        }
    }
}

/// Applies one layer to int8 rows and adds the input of a residual stage, which `out` holds:
/// `out[t, j] = sat8(zero_point + requant[j].apply(acc) + skip.requant.apply((out[t, j] − z_x) · 256))`.
///
/// Shapes, scales and ranges as [`linear_i8`]; `|(out − z_x) · 256| < 2^17`.
pub fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
    let (zero_in, zero_out) = (i32::from(skip.input_zero_point), i32::from(skip.zero_point));
    for (x, out) in rows(x, layer.inputs()).zip(rows_mut(out, layer.outputs())) {
        for (channel, out) in layer.channels().zip(out) {
            let acc = channel.bias + dot(x, channel.weights);
            let skipped = skip.requant.apply((i32::from(*out) - zero_in) * 256);
            *out = sat8(zero_out + channel.requant.apply(acc) + skipped);
        }
    }
}

/// Applies one layer to int8 rows and adds it to the residual stream:
/// `out[t, j] = sat16(out[t, j] + requant[j].apply(acc))`.
///
/// Shapes, scales and ranges as [`linear_i8`], but `out` is i16 at the stream's scale.
pub fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
    for (x, out) in rows(x, layer.inputs()).zip(rows_mut(out, layer.outputs())) {
        for (channel, out) in layer.channels().zip(out) {
            let acc = channel.bias + dot(x, channel.weights);
            *out = sat16(i32::from(*out) + channel.requant.apply(acc));
        }
    }
}

/// The last layer of a head over i32 inputs: `out[j] = bias[j] + Σ x[i] · w[j, i]`.
///
/// `w` is `[n, k]` with `k = x.len()`, `bias` and `out` are `[n]`.
/// # Ranges and overflow
/// Premise: `Σ |x| ≤ 2^23` and `|bias| ≤ 2^30`, so every partial sum is below `2^31`. A mean
/// pool's sums meet it, since `tokens · dim ≤ 2^15` and a value is at most 255.
pub fn logits_i32(x: &[i32], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    let k = x.len().max(1);
    for ((w, bias), out) in rows(w, k).zip(bias.iter()).zip(out) {
        *out = x.iter().zip(w).fold(bias, |acc, (&x, &w)| acc + x * i32::from(w));
    }
}

/// The last layer of a head over i8 inputs; otherwise as [`logits_i32`], with `k ≤ 65_535`.
pub fn logits_i8(x: &[i8], w: &[i8], bias: I32Le<'_>, out: &mut [i32]) {
    let k = x.len().max(1);
    for ((w, bias), out) in rows(w, k).zip(bias.iter()).zip(out) {
        *out = bias + dot(x, w);
    }
}

/// Applies a depthwise 3×3 convolution with padding 1 and stride 1.
///
/// ```text
/// acc[c]       = bias[c] + sum over the nine taps of x[tap, c] * w[tap, c]
/// out[y, x, c] = gelu(sat8(zero_point + requant[c].apply(acc)))
/// ```
/// # Shapes
/// | operand | shape | type, layout |
/// |---|---|---|
/// | `x` | `band.grid` | i8, row, column, channel |
/// | `out` | `band.rows` of it | i8, row, column, channel |
/// | `layer` | `k = 9`, `n = grid.channels` | i8, `[row, column, channel]` |
///
/// `pad` is the input's zero point, read outside the grid.
/// # Ranges and overflow
/// Nine products of at most `2^14` and a bias of at most `2^30` fit i32.
pub fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let Band { grid, rows } = band;
    let channels = grid.channels.max(1);
    for (position, out) in rows_mut(out, channels).enumerate() {
        let (row, column) = (position / grid.width.max(1), position % grid.width.max(1));
        let row = rows.start + row;
        for (c, (channel, out)) in layer.requants().zip(out).enumerate() {
            let taps = layer.weights().iter().skip(c).step_by(channels);
            let acc = taps.enumerate().fold(channel.bias, |acc, (tap, &w)| {
                let value = window_position(*grid, row, column, tap)
                    .and_then(|at| x.get(at * channels + c))
                    .copied()
                    .unwrap_or(pad);
                acc + i32::from(value) * i32::from(w)
            });
            *out = activation.apply(channel.requant.apply(acc));
        }
    }
}

/// Normalises rows of the residual stream; gain and bias are in the layer that follows.
///
/// `x` is `[rows, dim]` i16, `out` `[rows, dim]` i8, `1 ≤ dim ≤ 1024`.
/// # Source
/// Ba et al., "Layer Normalization", 2016, with an integer reciprocal square root.
pub fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        for (&x, out) in x.iter().zip(out) {
            let scaled = crate::fixed::rescale(row.normalise(x), mult, shift);
            *out = sat8(i32::from(norm.zero_point) + scaled);
        }
    }
}

/// Normalises rows of the residual stream and applies gain and bias of each channel.
///
/// `x` is `[rows, dim]` i16, `out` `[rows, dim]` i8, `dim = norm.gamma.len()`.
pub fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len().max(1);
    let shift = norm.shift.clamp(1, 24);
    let half = 1i32 << (shift - 1);
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        for (((&x, gamma), beta), out) in
            x.iter().zip(norm.gamma.iter()).zip(norm.beta.iter()).zip(out)
        {
            let t = i32::from(sat16(row.fraction10(x)));
            let scaled = (t * i32::from(gamma) + beta + half) >> shift;
            *out = sat8(i32::from(norm.zero_point) + scaled);
        }
    }
}

/// Attention of all heads over packed projections.
///
/// ```text
/// s[j]   = sum over i of q[i] * k[j, i]
/// e[j]   = exp2_neg(octaves(max(s) - s[j]))                          (u8, not normalised)
/// out[i] = sat8(zero_point + rescale(sum over j of e[j] * v[j, i], row_mult(sum of e)))
/// ```
/// # Shapes
/// | operand | shape | type, layout |
/// |---|---|---|
/// | `qkv` | `[tokens, 3 · heads · head_dim]` | i8: all queries, all keys, all values |
/// | `scores` | `[tokens]` | i32 scratch |
///
/// The outputs replace the queries. A query is not read again after its output is written.
/// # Ranges and overflow
/// With `head_dim ≤ 128` and at most 1,024 tokens, `|s| ≤ 2^21` and `|Σ e·v| < 2^25`.
/// # Source
/// Vaswani et al., "Attention Is All You Need", 2017; the row's division is folded into the
/// rescale of the output.
pub fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let width = (attention.heads * attention.head_dim).max(1);
    let head_dim = attention.head_dim.max(1);
    for token in 0..scores.len() {
        for head in 0..attention.heads {
            let start = head * head_dim;
            let place = token * 3 * width + start;
            let mut highest = i32::MIN;
            let query = part(qkv, place, head_dim);
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter_mut()) {
                *score = dot(query, tail(row, width + start));
                highest = highest.max(*score);
            }
            let mut sum = 0;
            for score in scores.iter_mut() {
                let e = exp2_neg(attention.octaves.apply(highest.abs_diff(*score)));
                sum += u32::from(e);
                *score = e.into();
            }
            let mult = attention.row_mult(sum);
            for i in 0..head_dim {
                let values = qkv.iter().skip(2 * width + start + i).step_by((3 * width).max(1));
                let acc = scores.iter().zip(values).map(|(&e, &v)| e * i32::from(v)).sum();
                if let Some(out) = qkv.get_mut(place + i) {
                    *out = attention.store(acc, mult);
                }
            }
        }
    }
}

/// Sums tokens: `out[d] = Σ_t (x[t, d] − zero_point)`; `x` is `[tokens, dim]`, `dim = out.len()`.
pub fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    out.fill(0);
    for x in rows(x, out.len()) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out += i32::from(x) - i32::from(zero_point);
        }
    }
}

/// Position that tap `0..9` of a 3×3 window around `(row, column)` reads; `None` outside.
/// Shared by every depthwise convolution.
pub(crate) fn window_position(grid: Grid, row: usize, column: usize, tap: usize) -> Option<usize> {
    let y = (row + tap / 3).checked_sub(1).filter(|&y| y < grid.height)?;
    let x = (column + tap % 3).checked_sub(1).filter(|&x| x < grid.width)?;
    Some(y * grid.width + x)
}

pub(crate) fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let sum = x.iter().map(|&x| i32::from(x)).sum();
    let squares = x.iter().map(|&x| i64::from(i32::from(x) * i32::from(x))).sum();
    RowScale::new(x.len(), sum, squares, eps)
}

fn dot(x: &[i8], w: &[i8]) -> i32 {
    x.iter().zip(w).map(|(&x, &w)| i32::from(x) * i32::from(w)).sum()
}
