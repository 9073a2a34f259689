//! Attention: a query in each lane for the scores and the softmax, then a channel in each lane.

use super::functions::exp2;
use super::linear::accumulate;
use super::vector::{Aligned, Lanes};
use crate::config::MAX_HEAD_DIM;
use crate::kernels::f16::operand::F16Attention;
use crate::kernels::f16::scalar::scale;
use crate::rows::{part, part_mut, rows, tail};

/// [`scalar::attention`](crate::kernels::f16::scalar::attention). `scores` has a group for each token. Keys
/// are taken `R` at a time; then, for `Q` queries at a time, `P` vectors of channels. `Q` divides the number of
/// lanes.
#[inline(always)]
pub(in crate::kernels) fn attention<S: Lanes, const R: usize, const Q: usize, const P: usize>(
    s: S,
    qkv: &mut [f32],
    attention: &F16Attention,
    scores: &mut [S::Group],
) {
    let (heads, head_dim) = (attention.heads, attention.head_dim.max(1));
    let width = (heads * head_dim).max(1);
    let scale = s.splat(scale(head_dim));
    let mut memory = Aligned([[S::ZEROS; 1]; MAX_HEAD_DIM]);
    let tokens = scores.len();
    for head in 0..heads {
        let start = head * head_dim;
        for first in (0..tokens).step_by(S::LANES) {
            let queries = part_mut(&mut memory.0, 0, head_dim);
            transpose(s, qkv, (first * 3 * width + start, 3 * width), queries);
            let highest = multiply::<S, R>(s, qkv, (width, start), queries, (scores, scale));
            let mut sum = s.splat(0.0);
            for group in scores.iter_mut() {
                let e = exp2(s, s.sub(s.load(group), highest));
                sum = s.add(sum, e);
                s.store(e, group);
            }
            let mut shares = S::ZEROS;
            s.store(s.div(s.splat(1.0), sum), &mut shares);
            let shares = shares.as_ref();
            for query in (0..S::LANES.min(tokens - first)).step_by(Q) {
                let place = (first + query) * 3 * width + start;
                let shares = tail(shares, query);
                let count = Q.min(tokens - first - query);
                for channel in (0..head_dim).step_by(P * S::LANES) {
                    let len = (P * S::LANES).min(head_dim - channel);
                    let from = 2 * width + start + channel;
                    let sums = context::<S, Q, P>(s, qkv, (3 * width, from, len), scores, query);
                    for ((at, sums), share) in sums.iter().enumerate().zip(shares).take(count) {
                        let out = part_mut(qkv, place + at * 3 * width + channel, len);
                        let share = s.splat(*share);
                        for (out, sum) in out.chunks_mut(S::LANES).zip(sums) {
                            s.store_some(s.mul(*sum, share), out);
                        }
                    }
                }
            }
        }
    }
}

/// The values of one query for each lane. Rows are `stride` apart, the first one begins at `from`.
#[inline(always)]
fn transpose<S: Lanes>(
    s: S,
    x: &[f32],
    (from, stride): (usize, usize),
    groups: &mut [[S::Group; 1]],
) {
    let all = groups.len();
    for (four, groups) in groups.chunks_mut(4).enumerate() {
        let columns = s.columns(|lane| {
            let row = x.get(from + lane * stride + 4 * four..).unwrap_or(&[]);
            let mut values = [0.0; 4];
            match row.first_chunk::<4>() {
                Some(row) if 4 * four + 4 <= all => values = *row,
                _ => {
                    let row = row.iter().take(all - 4 * four);
                    values.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
                }
            }
            values
        });
        for ([group], column) in groups.iter_mut().zip(columns) {
            s.store(column, group);
        }
    }
}

/// The scores of each key, times `scale`; returns their maximum.
#[inline(always)]
fn multiply<S: Lanes, const R: usize>(
    s: S,
    qkv: &[f32],
    (width, start): (usize, usize),
    queries: &[[S::Group; 1]],
    (scores, scale): (&mut [S::Group], S::V),
) -> S::V {
    let mut highest = s.splat(f32::NEG_INFINITY);
    for (block, scores) in scores.chunks_mut(R).enumerate() {
        let mut keys = [&[][..]; R];
        let last = scores.len().saturating_sub(1);
        for (at, key) in keys.iter_mut().enumerate() {
            // In place of keys after the last one, the last one.
            let token = block * R + at.min(last);
            *key = part(qkv, token * 3 * width + width + start, queries.len());
        }
        let sums = accumulate(s, [[s.splat(0.0)]; R], keys, queries);
        for (group, [sum]) in scores.iter_mut().zip(sums) {
            let score = s.mul(sum, scale);
            highest = s.greater(score, highest);
            s.store(score, group);
        }
    }
    highest
}

/// `Σ_j e_j · v_j` of `Q` queries from lane `query` on, for the `len` channels from `from` on in each row.
#[inline(always)]
fn context<S: Lanes, const Q: usize, const P: usize>(
    s: S,
    qkv: &[f32],
    (stride, from, len): (usize, usize, usize),
    scores: &[S::Group],
    query: usize,
) -> [[S::V; P]; Q] {
    let mut sums = [[s.splat(0.0); P]; Q];
    for (row, group) in rows(qkv, stride).zip(scores) {
        let values = part(row, from, len);
        let mut vectors = [s.splat(0.0); P];
        for (vector, values) in vectors.iter_mut().zip(values.chunks(S::LANES)) {
            *vector = s.load_some(values);
        }
        let Some(weights) = tail(group.as_ref(), query).first_chunk::<Q>() else { return sums };
        for (sums, weight) in sums.iter_mut().zip(weights) {
            let weight = s.splat(*weight);
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = s.add(*sum, s.mul(weight, vector));
            }
        }
    }
    sums
}
