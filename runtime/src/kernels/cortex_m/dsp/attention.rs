//! Attention: four queries at a time. Scores and weighted values use the same loop of products.

use super::super::requant::{UpperRequant, sat8};
use super::product::four_rows;
use super::softmax::Distance;
use super::wide::{Group, ROWS, Wide};
use crate::config::{MAX_HEAD_DIM, MAX_HEADS};
use crate::kernels::operand::Attention;
use crate::kernels::scalar;
use core::array;
use core::mem::MaybeUninit;

/// Maximum number of keys, that of `micro-96`. Longer sequences use the scalar kernel.
const TOKENS: usize = 144;
/// Maximum number of values of one head, over all tokens.
const VALUES: usize = 16 * TOKENS;

/// Scores of four queries, key by key.
type Scores = [MaybeUninit<[i32; ROWS]>; TOKENS];
/// Queries of one head, widened.
type Queries = Wide<{ MAX_HEAD_DIM / 4 }>;

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let tokens = scores.len();
    let (heads, head_dim) = (attention.heads, attention.head_dim);
    let width = heads.wrapping_mul(head_dim);
    let distance = Distance::new(attention.octaves);
    let fast = (1..=TOKENS).contains(&tokens)
        && heads <= MAX_HEADS
        // Four bytes that begin at any value of a key lie inside the row of its token.
        && width >= 3
        && (1..=MAX_HEAD_DIM).contains(&head_dim)
        && tokens.next_multiple_of(4) * head_dim <= VALUES
        && qkv.len() == 3 * tokens * width
        && UpperRequant::new(1, attention.shift.clamp(25, 55) + 7, attention.zero_point.into()).is_some();
    let (true, Some(distance)) = (fast, distance) else {
        return scalar::attention_i8(qkv, attention, scores);
    };
    let mut values = [0i8; VALUES];
    for head in 0..heads {
        let start = head * head_dim;
        let head = Head { qkv: qkv.as_mut_ptr(), attention, tokens, width, start, distance };
        // SAFETY: the lengths were checked.
        unsafe {
            head.transpose(&mut values);
            for first in (0..tokens).step_by(ROWS) {
                head.queries(first, &values);
            }
        }
    }
}

/// One head; `qkv` points to `[tokens, 3 · width]`.
struct Head<'a> {
    qkv: *mut i8,
    attention: &'a Attention,
    tokens: usize,
    width: usize,
    /// The head's first value within a third of a row.
    start: usize,
    distance: Distance,
}

impl Head<'_> {
    /// Writes the head's values as `[head_dim, tokens]`. Rows are padded to a multiple of four. The padding
    /// is not written.
    ///
    /// # Safety
    /// The lengths of [`attention_i8`]'s check.
    #[inline(never)]
    unsafe fn transpose(&self, values: &mut [i8; VALUES]) {
        let len = self.tokens.next_multiple_of(4);
        let from = self.qkv.wrapping_add(2 * self.width + self.start);
        for token in 0..self.tokens {
            let from = from.wrapping_add(token * 3 * self.width);
            let mut to = values.as_mut_ptr().wrapping_add(token);
            for i in 0..self.attention.head_dim {
                // SAFETY: reads inside the token's row, and writes below `head_dim · len ≤ VALUES`.
                unsafe { to.write(from.add(i).read()) };
                to = to.wrapping_add(len);
            }
        }
    }

    /// Replaces four queries, from `first` on, by their outputs. The last query takes the place of queries
    /// beyond it.
    ///
    /// # Safety
    /// The lengths of [`attention_i8`]'s check.
    #[inline(never)]
    unsafe fn queries(&self, first: usize, values: &[i8; VALUES]) {
        let head_dim = self.attention.head_dim;
        let places: [_; ROWS] = array::from_fn(|query| {
            let row = (first + query).min(self.tokens - 1);
            self.qkv.wrapping_add(row * 3 * self.width + self.start)
        });
        let mut wide = Queries::new();
        // SAFETY: a head has `head_dim` values, at most `MAX_HEAD_DIM`.
        let wide = unsafe { wide.fill(places.map(<*mut i8>::cast_const), head_dim) };
        let mut scores = [const { MaybeUninit::uninit() }; TOKENS];
        // SAFETY: the caller's promise.
        let highest = unsafe { self.scores(wide, &mut scores) };
        // These scores fill up the last group. They are so low that their exponentials are 0.
        let filled = self.tokens.next_multiple_of(4);
        for filler in scores.iter_mut().take(filled).skip(self.tokens) {
            filler.write(highest.map(|highest| highest.wrapping_sub(self.distance.far())));
        }
        // SAFETY: `filled` scores were written, at most `TOKENS`.
        let (weights, sums) = unsafe { self.distance.softmax(&mut scores, filled / 4, highest) };
        let shift = self.attention.shift.clamp(25, 55) + 7;
        let requants = sums.map(|sum| {
            UpperRequant::new(self.attention.row_mult(sum), shift, self.attention.zero_point.into())
        });
        for i in 0..head_dim {
            // SAFETY: `values` has `head_dim` rows of `filled` values.
            let acc = unsafe { four_rows(weights, values.as_ptr().add(i * filled), 0) };
            for ((acc, requant), place) in acc.into_iter().zip(requants).zip(places) {
                let Some(requant) = requant else {
                    debug_assert!(false, "`attention_i8` checked the shift");
                    return;
                };
                // SAFETY: a query has `head_dim` values.
                unsafe { *place.add(i) = sat8(requant.apply(acc)) };
            }
        }
    }

    /// Scores of four queries with every key; returns the highest of each.
    ///
    /// # Safety
    /// The lengths of [`attention_i8`]'s check.
    #[inline(always)]
    unsafe fn scores(&self, wide: &[Group], scores: &mut Scores) -> [i32; ROWS] {
        let mut key = self.qkv.cast_const().wrapping_add(self.width + self.start);
        let mut highest = [i32::MIN; ROWS];
        for scores in scores.iter_mut().take(self.tokens) {
            // SAFETY: reads the `head_dim` values of a key and at most three bytes after it, in the same row.
            let scores = scores.write(unsafe { four_rows(wide, key, 0) });
            for (highest, &mut score) in highest.iter_mut().zip(scores) {
                *highest = score.max(*highest);
            }
            key = key.wrapping_add(3 * self.width);
        }
        highest
    }
}
