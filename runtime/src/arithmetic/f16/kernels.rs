//! Loops over f32 activations and f16 weights. Sums have a fixed order: eight lanes within a piece,
//! pieces one after another.

use super::layer::{F16Attention, F16Linear, F16Norm};
#[cfg(test)]
use crate::config::Grid;
use crate::config::MAX_HEAD_DIM;
use crate::kernels::scalar::window_position;
use crate::rows::{part, rows, rows_mut, tail};
use crate::window::Band;

/// Number of weights that are widened to f32 at a time, for all rows of the input.
const PIECE: usize = 64;
/// Partial sums of a dot product.
const LANES: usize = 8;
/// Epsilon of every layer normalisation.
const EPS: f32 = 1e-6;

/// Adds a layer's outputs to `out`: `x` is `[rows, k]`, `out` `[rows, n]`.
pub(super) fn accumulate(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    let (k, n) = (layer.k.max(1), layer.bias.iter().len().max(1));
    for (j, (weights, bias)) in layer.weights.chunks(k).zip(layer.bias.iter()).enumerate() {
        for out in out.iter_mut().skip(j).step_by(n) {
            *out += bias;
        }
        for (piece, weights) in weights.chunks(PIECE).enumerate() {
            let mut wide = [0.0; PIECE];
            for (wide, weight) in wide.iter_mut().zip(weights.iter()) {
                *wide = weight;
            }
            let rows = rows(x, k);
            for (x, out) in rows.zip(out.iter_mut().skip(j).step_by(n)) {
                *out += dot(tail(x, piece * PIECE), &wide);
            }
        }
    }
}

/// The dot product of `w` and the first [`PIECE`] values of `x`, or all if there are fewer.
fn dot(x: &[f32], w: &[f32; PIECE]) -> f32 {
    let mut lanes = [0.0; LANES];
    let x = x.get(..PIECE).unwrap_or(x);
    let (blocks, rest) = x.as_chunks::<LANES>();
    let (w_blocks, _) = w.as_chunks::<LANES>();
    for (x, w) in blocks.iter().zip(w_blocks) {
        for ((lane, x), w) in lanes.iter_mut().zip(x).zip(w) {
            *lane += x * w;
        }
    }
    let last = tail(w, blocks.len() * LANES);
    let rest: f32 = rest.iter().zip(last).map(|(x, w)| x * w).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Depthwise 3×3 convolution with padding 1; weights are tap by tap.
pub(super) fn depthwise(x: &[f32], band: &Band, layer: &F16Linear<'_>, out: &mut [f32]) {
    let grid = band.grid;
    let channels = grid.channels.max(1);
    for (position, out) in rows_mut(out, channels).enumerate() {
        let (row, column) = (position / grid.width.max(1), position % grid.width.max(1));
        let row = band.rows.start + row;
        for (out, bias) in out.iter_mut().zip(layer.bias.iter()) {
            *out = bias;
        }
        for (tap, weights) in layer.weights.chunks(channels).enumerate() {
            let Some(at) = window_position(grid, row, column, tap) else {
                continue;
            };
            let x = tail(x, at * channels);
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weights.iter()) {
                *out += x * weight;
            }
        }
    }
}

/// Layer normalisation of rows of `dim` values.
pub(super) fn normalise(x: &[f32], dim: usize, norm: &F16Norm<'_>, out: &mut [f32]) {
    let dim = dim.max(1);
    #[expect(clippy::cast_precision_loss, reason = "a row has at most 1,024 values")]
    let n = dim as f32;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let mean = x.iter().sum::<f32>() / n;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
        let gain = 1.0 / libm::sqrtf(variance + EPS);
        let affine = norm.gamma.iter().zip(norm.beta.iter());
        for ((out, x), (gamma, beta)) in out.iter_mut().zip(x).zip(affine) {
            *out = (x - mean) * gain * gamma + beta;
        }
    }
}

/// Attention of all heads over packed projections, as
/// [`kernels::scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attend(qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) {
    let (heads, head_dim) = (attention.heads, attention.head_dim.max(1));
    let width = (heads * head_dim).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a head has at most 128 values")]
    let gain = 1.0 / libm::sqrtf(head_dim as f32);
    for token in 0..scores.len() {
        for head in 0..heads {
            let start = width + head * head_dim;
            let place = token * 3 * width + head * head_dim;
            let query = part(qkv, place, head_dim);
            let mut highest = f32::NEG_INFINITY;
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter_mut()) {
                let key = tail(row, start);
                *score = gain * query.iter().zip(key).map(|(q, k)| q * k).sum::<f32>();
                highest = highest.max(*score);
            }
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = libm::expf(*score - highest);
                sum += *score;
            }
            let mut context = [0.0; MAX_HEAD_DIM];
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter()) {
                let value = part(row, start + width, head_dim);
                for (context, value) in context.iter_mut().zip(value) {
                    *context += score / sum * value;
                }
            }
            let places = qkv.iter_mut().skip(place).take(head_dim);
            places.zip(context).for_each(|(place, context)| *place = context);
        }
    }
}

/// `x · (1 + erf(x / √2)) / 2`.
pub(super) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * core::f32::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{F16Le, F32Le};

    fn f16_bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect()
    }

    fn f32_bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn layers_longer_than_a_piece_are_added_up() {
        for k in [1, 7, 8, 63, 64, 65, 200] {
            let weights = f16_bytes(&(0..2 * k).map(|i| (i % 5) as f32 - 2.0).collect::<Vec<_>>());
            let bias = f32_bytes(&[10.0, -10.0]);
            let layer = F16Linear {
                weights: F16Le::new(&weights).unwrap(),
                bias: F32Le::new(&bias).unwrap(),
                k,
            };
            let x: Vec<f32> = (0..3 * k).map(|i| (i % 7) as f32).collect();
            let mut out = [100.0; 6];
            accumulate(&x, &layer, &mut out);
            for (at, out) in out.iter().enumerate() {
                let (row, j) = (at / 2, at % 2);
                let product = |i| (x[row * k + i]) * (((j * k + i) % 5) as f32 - 2.0);
                let expected = 110.0 - 20.0 * j as f32 + (0..k).map(product).sum::<f32>();
                assert_eq!(*out, expected, "row {row}, output {j} of {k} inputs");
            }
        }
    }

    #[test]
    fn attention_of_equal_keys_is_the_mean_of_values() {
        let attention = F16Attention { heads: 1, head_dim: 2 };
        let mut qkv = [1.0, 2.0, 0.5, 0.5, 4.0, 0.0, -1.0, 3.0, 0.5, 0.5, 6.0, 2.0];
        attend(&mut qkv, &attention, &mut [0.0; 2]);
        assert_eq!([qkv[0], qkv[1]], [5.0, 1.0], "the mean of (4, 0) and (6, 2)");
        assert_eq!([qkv[6], qkv[7]], [5.0, 1.0], "the same for the second query");
    }

    #[test]
    fn depthwise_sees_zeros_outside() {
        let weights = f16_bytes(&[1.0; 9]);
        let bias = f32_bytes(&[0.5]);
        let layer = F16Linear {
            weights: F16Le::new(&weights).unwrap(),
            bias: F32Le::new(&bias).unwrap(),
            k: 9,
        };
        let mut out = [0.0; 4];
        let grid = Grid { height: 2, width: 2, channels: 1 };
        depthwise(&[1.0, 2.0, 3.0, 4.0], &Band { grid, rows: 0..2 }, &layer, &mut out);
        assert_eq!(out, [10.5; 4], "all four values and the bias");
    }
}
