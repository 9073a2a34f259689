//! Linear layers: four rows by four outputs.
//!
//! A panel has the weights of four outputs, widened, for up to [`PIECE`] inputs. It is used for all rows. If a
//! layer has more inputs, the sums wait in the output.

use super::product::{TILE, Tile, multiply};
use super::widen::widen;
use crate::kernels::f16::operand::F16Linear;
use crate::rows::{part, part_mut};

/// Inputs of a panel, which lies on the stack.
const PIECE: usize = 144;

/// [`scalar::linear`](crate::kernels::f16::scalar::linear).
pub(super) fn linear(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    out.fill(0.0);
    linear_add(x, layer, out);
}

/// [`scalar::linear_add`](crate::kernels::f16::scalar::linear_add).
pub(super) fn linear_add(x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
    let (k, n) = (layer.k.max(1), layer.outputs().max(1));
    let rows = (x.len() / k).min(out.len() / n);
    let mut memory = [[0.0; TILE]; PIECE];
    for first in (0..n).step_by(TILE) {
        let count = TILE.min(n - first);
        let mut bias = [0.0; TILE];
        for (bias, word) in bias.iter_mut().zip(layer.bias.words(first, count)) {
            *bias = f32::from_le_bytes(*word);
        }
        for start in (0..k).step_by(PIECE) {
            let len = PIECE.min(k - start);
            let panel = part_mut(&mut memory, 0, len);
            // In place of outputs and rows after the last one, the last one.
            let weights = |output: usize| {
                layer.weights.halves((first + output.min(count - 1)) * k + start, len)
            };
            widen([weights(0), weights(1), weights(2), weights(3)], panel);
            for row in (0..rows).step_by(TILE) {
                let lines = TILE.min(rows - row);
                let input = |line: usize| part(x, (row + line.min(lines - 1)) * k + start, len);
                let tile = Tile { x: [input(0), input(1), input(2), input(3)], panel, bias };
                let out = part_mut(out, row * n + first, (lines - 1) * n + count);
                if lines == TILE && count == TILE {
                    multiply(&tile, out, n);
                } else {
                    multiply_some(&tile, out, (n, lines, count));
                }
            }
            // Nothing changes if this is added, not even the sign of a zero.
            bias = [-0.0; TILE];
        }
    }
}

/// [`multiply`] for fewer rows or fewer outputs.
#[inline(never)]
fn multiply_some(tile: &Tile<'_>, out: &mut [f32], (n, lines, count): (usize, usize, usize)) {
    let mut sums = [0.0; TILE * TILE];
    let rows = |line: usize| line * n..line * n + count;
    for (line, sums) in sums.chunks_mut(TILE).enumerate().take(lines) {
        let out = out.get(rows(line)).unwrap_or(&[]);
        sums.iter_mut().zip(out).for_each(|(sum, out)| *sum = *out);
    }
    multiply(tile, &mut sums, TILE);
    for (line, sums) in sums.chunks(TILE).enumerate().take(lines) {
        let out = out.get_mut(rows(line)).unwrap_or(&mut []);
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out = *sum);
    }
}
