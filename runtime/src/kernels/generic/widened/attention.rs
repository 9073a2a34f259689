//! Attention on keys and values that are widened to i16 once for each head, if they fit the stack.

use super::super::softmax::exponentials;
use super::panel::{
    LANES, Panels, ROWS, Spread, fits, no_panels, no_spread, pack, products, repeat,
};
use crate::config::MAX_TOKENS;
use crate::kernels::operand::Attention;
use crate::rows::{part, part_mut, rows, rows_mut};

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8) for `keys` keys, with
/// memory of its own for the scores. Returns `false`, and writes nothing, if the keys or the values of a
/// head do not fit.
pub(in super::super) fn attention_i8(qkv: &mut [i8], attention: &Attention, keys: usize) -> bool {
    let head_dim = attention.head_dim.max(1);
    let width = (attention.heads * head_dim).max(1);
    if keys > MAX_TOKENS || !fits(head_dim, keys) || !fits(keys, head_dim) {
        return false;
    }
    let mut head = Head::new(keys, head_dim);
    for start in (0..width).step_by(head_dim) {
        let columns = |third: usize| {
            rows(qkv, 3 * width).map(move |row| part(row, third * width + start, head_dim))
        };
        head.pack_keys(columns(1));
        head.pack_values(columns(2));
        for tile in qkv.chunks_mut((3 * ROWS * width).max(1)) {
            head.score(rows(tile, 3 * width).map(|row| part(row, start, head_dim)));
            let mults = head.weigh(attention);
            for index in 0..head_dim.div_ceil(LANES) {
                let (column, sums) = (index * LANES, head.sums(index));
                let len = LANES.min(head_dim - column);
                for ((sums, mult), out) in sums.iter().zip(mults).zip(rows_mut(tile, 3 * width)) {
                    let places = part_mut(out, start + column, len);
                    for (place, &sum) in places.iter_mut().zip(sums) {
                        *place = attention.store(sum, mult);
                    }
                }
            }
        }
    }
    true
}

/// One head and one tile of its queries: 155 KB, or 310 KB with vectors of sixteen lanes.
struct Head {
    keys: Panels,
    values: Panels,
    /// Queries, then exponentials.
    spread: Spread<{ MAX_TOKENS / 2 }>,
    /// Scores, then exponentials.
    scores: [[[i32; LANES]; MAX_TOKENS / LANES]; ROWS],
    tokens: usize,
    head_dim: usize,
}

impl Head {
    #[inline]
    const fn new(tokens: usize, head_dim: usize) -> Self {
        let scores = [[[0; LANES]; MAX_TOKENS / LANES]; ROWS];
        Self {
            keys: no_panels(),
            values: no_panels(),
            spread: no_spread(),
            scores,
            tokens,
            head_dim,
        }
    }

    /// A panel for every [`LANES`] keys.
    fn pack_keys<'a>(&mut self, keys: impl Iterator<Item = &'a [i8]>) {
        let mut keys = keys.take(self.tokens);
        let panels = rows_mut(&mut self.keys, self.head_dim.div_ceil(2));
        for panel in panels.take(self.tokens.div_ceil(LANES)) {
            pack(keys.by_ref().take(LANES), panel);
        }
    }

    /// A panel for every [`LANES`] columns of the values. Its inputs are tokens.
    fn pack_values<'a>(&mut self, values: impl Iterator<Item = &'a [i8]>) {
        let pairs = self.tokens.div_ceil(2);
        for (token, row) in values.take(self.tokens).enumerate() {
            let panels = rows_mut(&mut self.values, pairs);
            for (values, panel) in row.chunks(LANES).zip(panels) {
                debug_assert!(token / 2 < panel.len(), "a place for each token");
                let pair = panel.get_mut(token / 2).map_or(&mut [][..], |pair| &mut pair.0[..]);
                for (place, &value) in pair.iter_mut().skip(token % 2).step_by(2).zip(values) {
                    *place = value.into();
                }
            }
        }
    }

    /// Scores of the next queries with all keys.
    fn score<'a>(&mut self, queries: impl Iterator<Item = &'a [i8]>) {
        for (spread, query) in self.spread.iter_mut().zip(queries) {
            repeat(query, i16::from, spread);
        }
        let panels = rows(&self.keys, self.head_dim.div_ceil(2));
        for (index, panel) in panels.take(self.tokens.div_ceil(LANES)).enumerate() {
            for (scores, products) in self.scores.iter_mut().zip(products(&self.spread, panel)) {
                if let Some(place) = scores.get_mut(index) {
                    *place = products;
                }
            }
        }
    }

    /// Turns scores into exponentials, which become the next inputs. Returns each row's multiplier.
    fn weigh(&mut self, attention: &Attention) -> [i32; ROWS] {
        let mut mults = [0; ROWS];
        for ((scores, spread), mult) in self.scores.iter_mut().zip(&mut self.spread).zip(&mut mults)
        {
            let scores = part_mut(scores.as_flattened_mut(), 0, self.tokens);
            *mult = attention.row_mult(exponentials(attention, scores));
            repeat(scores, low_half, spread);
        }
        mults
    }

    /// The values of the columns of a panel, summed by exponentials.
    fn sums(&self, panel: usize) -> [[i32; LANES]; ROWS] {
        let pairs = self.tokens.div_ceil(2);
        products(&self.spread, part(&self.values, panel * pairs, pairs))
    }
}

/// An exponential, which is at most 255.
#[expect(clippy::cast_possible_truncation, reason = "at most 255")]
const fn low_half(e: i32) -> i16 {
    e as i16
}
