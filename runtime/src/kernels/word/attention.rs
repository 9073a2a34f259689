//! Attention: four queries at a time.

use super::clamp::sat8;
use super::interleave::{ROWS, interleave};
use super::machine::{CHANNELS, columns, reciprocal};
use super::multiply::multiply;
use super::softmax::exponentials;
use crate::kernels::operand::Attention;
use crate::kernels::scalar;
use crate::kernels::upper::UpperRequant;
use crate::rows::{part, part_mut, tail};

/// Maximum number of keys, that of `micro-96`. Longer sequences use the scalar kernel.
const TOKENS: usize = 144;
/// Maximum numbers of keys for which smaller buffers suffice: 256 bytes or 1 KB of stack instead of 2.3 KB.
const VERY_FEW_TOKENS: usize = 16;
const FEW_TOKENS: usize = 64;
/// Values of a query that are interleaved together. More of them need fewer passes and more stack.
const PART: usize = if cfg!(target_arch = "riscv32") { 32 } else { 16 };

/// Same contract as [`scalar::attention_i8`].
pub(super) fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let tokens = scores.len();
    let (heads, head_dim) = (attention.heads, attention.head_dim);
    let shift = attention.shift.clamp(25, 55) + 7;
    let zero = i32::from(attention.zero_point) + 128;
    let width = heads.wrapping_mul(head_dim);
    let fast = (1..=TOKENS).contains(&tokens)
        && head_dim >= CHANNELS
        && qkv.len() == 3 * tokens * width
        && UpperRequant::new(1, shift, zero).is_some();
    if !fast {
        return scalar::attention_i8(qkv, attention, scores);
    }
    let rescale = |sum| UpperRequant::in_range(attention.row_mult_by(reciprocal(sum)), shift, zero);
    if tokens <= VERY_FEW_TOKENS {
        with_scores::<VERY_FEW_TOKENS>(qkv, attention, tokens, &rescale);
    } else if tokens <= FEW_TOKENS {
        with_scores::<FEW_TOKENS>(qkv, attention, tokens, &rescale);
    } else {
        with_scores::<TOKENS>(qkv, attention, tokens, &rescale);
    }
}

/// All heads, with memory for scores of up to `MAX` keys.
#[inline(never)]
fn with_scores<const MAX: usize>(
    qkv: &mut [i8],
    attention: &Attention,
    tokens: usize,
    rescale: &dyn Fn(u32) -> UpperRequant,
) {
    let mut scores = [[0; ROWS]; MAX];
    for head in 0..attention.heads {
        one_head(
            qkv,
            attention,
            head * attention.head_dim,
            rescale,
            part_mut(&mut scores, 0, tokens),
        );
    }
}

/// The head whose queries begin at `start`.
#[inline(never)]
fn one_head(
    qkv: &mut [i8],
    attention: &Attention,
    start: usize,
    rescale: &dyn Fn(u32) -> UpperRequant,
    scores: &mut [[i32; ROWS]],
) {
    let head_dim = attention.head_dim;
    let (tokens, width) = (scores.len(), attention.heads * head_dim);
    for first in (0..tokens).step_by(ROWS) {
        // The last query takes the place of queries beyond it.
        let places = [0, 1, 2, 3].map(|row| (first + row).min(tokens - 1) * 3 * width + start);
        scores.fill([0; ROWS]);
        for at in (0..head_dim).step_by(PART) {
            let mut wide = [[0; ROWS]; PART];
            let len = PART.min(head_dim - at);
            let queries = places.map(|place| part(qkv, place + at, len));
            let wide = interleave(queries, part_mut(&mut wide, 0, len));
            multiply(wide, tail(qkv, width + start + at), 3 * width, scores);
        }
        let requants = exponentials(attention.octaves, scores).map(rescale);
        for column in (0..head_dim).step_by(CHANNELS) {
            // The last columns may overlap those before, so that there are always enough.
            let column = column.min(head_dim - CHANNELS);
            let mut acc = [[0; ROWS]; CHANNELS];
            columns(scores, tail(qkv, 2 * width + start + column), 3 * width, &mut acc);
            for ((row, place), requant) in places.into_iter().enumerate().zip(requants) {
                let out = part_mut(qkv, place + column, CHANNELS);
                for (acc, out) in acc.iter().zip(out) {
                    *out = sat8(requant.apply(acc.get(row).copied().unwrap_or(0)));
                }
            }
        }
    }
}
