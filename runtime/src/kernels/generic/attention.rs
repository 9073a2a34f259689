//! Attention with the scores of one query at a time.

use super::dot::dot;
use super::softmax::exponentials;
use crate::config::MAX_HEAD_DIM;
use crate::kernels::operand::Attention;
use crate::rows::{part, part_mut, rows};

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    #[cfg(widened_target)]
    if super::widened::attention::attention_i8(qkv, attention, scores.len()) {
        return;
    }
    let width = (attention.heads * attention.head_dim).max(1);
    let head_dim = attention.head_dim.max(1);
    for token in 0..scores.len() {
        for head in 0..attention.heads {
            let start = width + head * head_dim;
            let place = token * 3 * width + head * head_dim;
            let query = part(qkv, place, head_dim);
            for (row, score) in rows(qkv, 3 * width).zip(scores.iter_mut()) {
                *score = dot(query, part(row, start, head_dim));
            }
            let sum = exponentials(attention, scores);
            let mut acc = [0i32; MAX_HEAD_DIM];
            weigh(qkv, 3 * width, (start + width, head_dim), scores, &mut acc);
            let mult = attention.row_mult(sum);
            for (out, acc) in part_mut(qkv, place, head_dim).iter_mut().zip(acc) {
                *out = attention.store(acc, mult);
            }
        }
    }
}

/// `acc[i] += Σ_j e[j] · v[j, i]`. Row `j` of `values` has `len` values. In it, `v[j]` is at `place`, a start
/// and a length. Four rows are added in one pass over `acc`.
#[inline]
fn weigh(values: &[i8], len: usize, place: (usize, usize), e: &[i32], acc: &mut [i32]) {
    let (start, width) = place;
    let (fours, rest) = e.as_chunks::<4>();
    debug_assert!(4 * len * fours.len() <= values.len(), "a row for each exponential");
    let (whole, last) = values.split_at_checked(4 * len * fours.len()).unwrap_or((values, &[]));
    for (rows, e) in rows(whole, 4 * len).zip(fours) {
        let row = |index| part(rows, index * len + start, width);
        let four = row(0).iter().zip(row(1)).zip(row(2)).zip(row(3));
        // Exponentials are at most 255. With the mask, the compiler knows it.
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
