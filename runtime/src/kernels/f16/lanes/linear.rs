//! Linear layers, an output in each lane.
//!
//! A panel has the weights of `P` vectors of outputs, widened, for up to `K` inputs. It is used for all rows.
//! If a layer has more inputs, the sums wait in the output.

use super::vector::{Aligned, Lanes, MAX_LANES};
use super::words;
use crate::kernels::f16::operand::F16Linear;
use crate::rows::{part, part_mut, tail};

/// Inputs of the innermost loop.
const PIECE: usize = 8;

/// [`scalar::linear_add`](crate::kernels::f16::scalar::linear_add), `R` rows at a time; fewer rows that are
/// left over by `H`, then one by one.
#[inline(always)]
pub(in crate::kernels) fn linear_add<
    S: Lanes,
    const R: usize,
    const H: usize,
    const P: usize,
    const K: usize,
>(
    s: S,
    x: &[f32],
    layer: &F16Linear<'_>,
    out: &mut [f32],
) {
    let (k, n) = (layer.k.max(1), layer.outputs().max(1));
    let mut memory = Aligned([[S::ZEROS; P]; K]);
    for first in (0..n).step_by(P * S::LANES) {
        let mut start = 0;
        while start < k {
            let len = K.min(k - start);
            let panel = part_mut(&mut memory.0, 0, len);
            widen(s, layer, (first, start), panel);
            let task = Task { layer, first, start, k, n, panel };
            let (mut row, rows) = (0, (x.len() / k).min(out.len() / n));
            while row + R <= rows {
                task.tile::<S, R>(s, x, row, out);
                row += R;
            }
            while row + H <= rows {
                task.tile::<S, H>(s, x, row, out);
                row += H;
            }
            while row < rows {
                task.tile::<S, 1>(s, x, row, out);
                row += 1;
            }
            start += len;
        }
    }
}

/// Fills a panel with the weights of the outputs from `first` and the inputs from `start` on.
#[inline(always)]
fn widen<S: Lanes, const P: usize>(
    s: S,
    layer: &F16Linear<'_>,
    (first, start): (usize, usize),
    panel: &mut [[S::Group; P]],
) {
    let (k, n) = (layer.k, layer.outputs());
    for group in 0..P {
        let first = first + group * S::LANES;
        // The weights from the first input of each output on, in eights. After the last input of an output
        // follow weights of the next one, which are not stored.
        let mut eights = [(&[][..], &[][..]); MAX_LANES];
        for (eights, output) in eights.iter_mut().take(S::LANES).zip(first..n) {
            *eights = layer.weights.halves(output * k + start, usize::MAX).as_chunks::<8>();
        }
        let mut spare = [[[0; 2]; 8]; MAX_LANES];
        for (eight, panel) in panel.chunks_mut(8).enumerate() {
            let mut rows = [&[[0; 2]; 8]; MAX_LANES];
            let places = rows.iter_mut().zip(&mut spare).take(S::LANES);
            for ((row, spare), (whole, rest)) in places.zip(eights) {
                *row = match whole.get(eight) {
                    Some(all) => all,
                    None => {
                        spare.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                        &*spare
                    }
                };
            }
            for (panel, column) in panel.iter_mut().zip(s.columns_of_halves(rows)) {
                if let Some(place) = panel.get_mut(group) {
                    s.store(column, place);
                }
            }
        }
    }
}

/// All rows times the outputs of a panel.
struct Task<'t, 'a, G, const P: usize> {
    layer: &'t F16Linear<'a>,
    first: usize,
    start: usize,
    k: usize,
    n: usize,
    panel: &'t [[G; P]],
}

impl<G, const P: usize> Task<'_, '_, G, P> {
    #[inline(always)]
    fn tile<S: Lanes<Group = G>, const R: usize>(
        &self,
        s: S,
        x: &[f32],
        row: usize,
        out: &mut [f32],
    ) {
        let Self { layer, first, start, k, n, panel } = *self;
        let mut inputs = [&[][..]; R];
        for (at, input) in inputs.iter_mut().enumerate() {
            *input = tail(x, (row + at) * k + start);
        }
        let mut sums = [[s.splat(0.0); P]; R];
        let out = part_mut(out, row * n, R * n);
        for (at, sums) in sums.iter_mut().enumerate() {
            for (group, sum) in sums.iter_mut().enumerate() {
                let output = first + group * S::LANES;
                let len = S::LANES.min(n.saturating_sub(output));
                let before = s.load_some(part(out, (at * n + output).min((at + 1) * n), len));
                *sum = before;
                if start == 0 {
                    *sum = s.add(before, words::load(s, layer.bias.words(output, len)));
                }
            }
        }
        let sums = accumulate(s, sums, inputs, panel);
        for (at, sums) in sums.iter().enumerate() {
            for (group, sum) in sums.iter().enumerate() {
                let output = first + group * S::LANES;
                let len = S::LANES.min(n.saturating_sub(output));
                let place = (at * n + output).min((at + 1) * n);
                s.store_some(*sum, part_mut(out, place, len));
            }
        }
    }
}

/// `sums + Σ x · panel`, one input after another.
#[inline(always)]
pub(super) fn accumulate<S: Lanes, const R: usize, const P: usize>(
    s: S,
    mut sums: [[S::V; P]; R],
    x: [&[f32]; R],
    panel: &[[S::Group; P]],
) -> [[S::V; P]; R] {
    // Pieces of a fixed length, so that the innermost loop needs no checks.
    let (pieces, rest) = panel.as_chunks::<PIECE>();
    for (at, piece) in pieces.iter().enumerate() {
        let mut inputs = [&[0.0; PIECE]; R];
        for (input, x) in inputs.iter_mut().zip(x) {
            let Some(piece) = tail(x, at * PIECE).first_chunk() else { return sums };
            *input = piece;
        }
        sums = multiply(s, sums, inputs, piece);
    }
    let mut inputs = [[0.0; PIECE]; R];
    for (input, x) in inputs.iter_mut().zip(x) {
        let x = tail(x, pieces.len() * PIECE);
        input.iter_mut().zip(x).for_each(|(to, from)| *to = *from);
    }
    multiply(s, sums, inputs.each_ref(), rest)
}

/// `sums + Σ x · panel` over at most [`PIECE`] inputs.
#[inline(always)]
fn multiply<S: Lanes, const R: usize, const P: usize>(
    s: S,
    mut sums: [[S::V; P]; R],
    x: [&[f32; PIECE]; R],
    panel: &[[S::Group; P]],
) -> [[S::V; P]; R] {
    for (groups, at) in panel.iter().zip(0..PIECE) {
        let mut weights = [s.splat(0.0); P];
        for (weights, group) in weights.iter_mut().zip(groups) {
            *weights = s.load(group);
        }
        for (sums, x) in sums.iter_mut().zip(x) {
            let x = s.splat(x.get(at).copied().unwrap_or(0.0));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = s.add(*sum, s.mul(x, weights));
            }
        }
    }
    sums
}
