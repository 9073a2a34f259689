//! Attention on AVX-512: a lane for each of sixteen queries, so that softmax needs no step across
//! lanes.
//!
//! Keys and values of one head are packed so that four bytes of one key, or of one channel of four values,
//! are broadcast to all queries. Queries are the unsigned operand of `vpdpbusd`, as `q + 128`. Therefore
//! `128 · Σk` is subtracted. Exponentials are unsigned already.

use super::requant::Requants;
use super::softmax::{Softmax, row_mults};
use super::vector::{
    Group, LANES, load_rows, load_sixteen, pack_lanes, sixteen_rows, store_rows, transpose_bytes,
    transpose_quarters, transpose_rows,
};
use crate::kernels::generic;
use crate::kernels::operand::Attention;
use crate::rows::{copy, part, part_mut, rows, rows_mut};
use core::arch::x86_64::*;

/// Channels that are packed together.
const CHANNELS: usize = 16;
/// Four bytes for each of sixteen keys, values or channels.
type Fours = [[u8; 4]; LANES];

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let Attention { heads, head_dim, .. } = *attention;
    let shape = Shape { tokens: scores.len(), heads, head_dim };
    match shape.groups() {
        // Clearing the large stack would cost a small network too much.
        groups if groups <= SMALL => with_stack::<SMALL>(qkv, attention, shape),
        groups if groups <= LARGE => with_stack::<LARGE>(qkv, attention, shape),
        _ => generic::attention_i8(qkv, attention, scores),
    }
}

/// Number of groups for 64 tokens and a head of 32 channels.
const SMALL: usize = 192;
/// Number of groups for 256 tokens and a head of 128 channels.
const LARGE: usize = 1456;

fn with_stack<const GROUPS: usize>(qkv: &mut [i8], attention: &Attention, shape: Shape) {
    let mut stack = [ZERO; GROUPS];
    for head in 0..shape.heads {
        let Some(mut buffers) = Buffers::new(&mut stack, shape) else {
            debug_assert!(false, "a stack for {} groups", shape.groups());
            return;
        };
        // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
        unsafe { buffers.pack(&Columns { qkv, shape, head }) };
        // SAFETY: as above.
        unsafe { queries(qkv, (shape, head), &mut buffers, attention) };
    }
}

const ZERO: Group = Group([0; 4 * LANES]);
/// Below every score, which is at least `−128 · 2^14`. The distance to it fits an i32.
const LOWEST: i32 = -(1 << 30);

/// Sizes of one attention layer.
#[derive(Clone, Copy)]
struct Shape {
    tokens: usize,
    heads: usize,
    head_dim: usize,
}

impl Shape {
    const fn width(self) -> usize {
        self.heads * self.head_dim
    }

    /// Blocks of sixteen tokens.
    const fn blocks(self) -> usize {
        self.tokens.div_ceil(LANES)
    }

    /// Number of groups of four channels of a key, rounded up to whole loads of sixteen channels.
    const fn key_groups(self) -> usize {
        4 * self.head_dim.div_ceil(CHANNELS)
    }

    /// Groups of four tokens of a value.
    const fn value_groups(self) -> usize {
        self.tokens.div_ceil(4)
    }

    /// Groups of all [`Buffers`].
    const fn groups(self) -> usize {
        (self.blocks() + 1) * self.key_groups()
            + self.key_groups() / 4 * self.value_groups()
            + self.blocks() * (1 + LANES + LANES / 4)
    }
}

/// The packed operands and intermediate values of one head.
struct Buffers<'a> {
    /// Of every key, `[sixteen tokens][four channels][token][channel]`.
    keys: &'a mut [Group],
    /// `−128 · Σk` of each token.
    offsets: &'a mut [Group],
    /// Of every value, `[sixteen channels][four tokens][channel][token]`.
    values: &'a mut [Group],
    /// Of sixteen queries, `[four channels][query][channel]`, as `q + 128`.
    queries: &'a mut [Group],
    /// Of sixteen queries with every key, `[token][query]`.
    scores: &'a mut [Group],
    /// Of those scores, `[four tokens][query][token]`.
    exponentials: &'a mut [Group],
}

impl<'a> Buffers<'a> {
    fn new(stack: &'a mut [Group], shape: Shape) -> Option<Self> {
        let (keys, stack) = stack.split_at_mut_checked(shape.blocks() * shape.key_groups())?;
        let (offsets, stack) = stack.split_at_mut_checked(shape.blocks())?;
        let values = shape.key_groups() / 4 * shape.value_groups();
        let (values, stack) = stack.split_at_mut_checked(values)?;
        let (queries, stack) = stack.split_at_mut_checked(shape.key_groups())?;
        let (scores, stack) = stack.split_at_mut_checked(shape.blocks() * LANES)?;
        let (exponentials, _) = stack.split_at_mut_checked(shape.blocks() * LANES / 4)?;
        Some(Self { keys, offsets, values, queries, scores, exponentials })
    }
}

/// Where one head's queries, keys and values lie.
struct Columns<'a> {
    qkv: &'a [i8],
    shape: Shape,
    head: usize,
}

impl Columns<'_> {
    /// Sixteen channels of one token, zeros beyond the head and beyond the tokens. `third` is 0 for
    /// the query, 1 for the key, 2 for the value.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn load(&self, third: usize, token: usize, channel: usize) -> __m128i {
        let Shape { tokens, head_dim, .. } = self.shape;
        let start = (3 * token + third) * self.shape.width() + self.head * head_dim + channel;
        let len = CHANNELS.min(head_dim - channel);
        let values = if token < tokens { part(self.qkv, start, len) } else { &[] };
        load_sixteen(values)
    }

    /// Sixteen channels of sixteen tokens: four vectors, each with four channels of every token.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn fours(&self, third: usize, first: usize, channel: usize) -> [__m512i; 4] {
        transpose_quarters(self.rows::<4, 1>(third, first, channel))
    }

    /// Sixteen channels of sixteen tokens, in the order of [`sixteen_rows`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn rows<const Q: usize, const V: usize>(
        &self,
        third: usize,
        first: usize,
        channel: usize,
    ) -> [__m512i; 4] {
        let Shape { tokens, head_dim, .. } = self.shape;
        if first + LANES <= tokens && channel + CHANNELS <= head_dim {
            let width = self.shape.width();
            let start = (3 * first + third) * width + self.head * head_dim + channel;
            if let Some(rows) = load_rows::<Q, V>(self.qkv, start, 3 * width) {
                return rows;
            }
        }
        self.edge::<Q, V>(third, first, channel)
    }

    /// [`Self::rows`] where fewer than sixteen tokens or channels are left.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn edge<const Q: usize, const V: usize>(
        &self,
        third: usize,
        first: usize,
        channel: usize,
    ) -> [__m512i; 4] {
        sixteen_rows::<Q, V>(|token| self.load(third, first + token, channel))
    }
}

impl Buffers<'_> {
    /// Packs keys and values.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vl,avx512vnni")]
    fn pack(&mut self, columns: &Columns<'_>) {
        let shape = columns.shape;
        let ones = _mm512_set1_epi8(1);
        let keys = rows_mut(self.keys, shape.key_groups());
        for (block, (keys, offset)) in keys.zip(self.offsets.iter_mut()).enumerate() {
            let mut sum = _mm512_setzero_si512();
            for (index, groups) in keys.chunks_mut(4).enumerate() {
                let fours = columns.fours(1, block * LANES, index * CHANNELS);
                for (group, four) in groups.iter_mut().zip(fours) {
                    sum = _mm512_dpbusd_epi32(sum, ones, four);
                    group.store(four);
                }
            }
            offset.store(_mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32::<7>(sum)));
        }
        for (index, values) in rows_mut(self.values, shape.value_groups()).enumerate() {
            for (block, groups) in values.chunks_mut(4).enumerate() {
                let rows = columns.rows::<1, 4>(2, block * LANES, index * CHANNELS);
                for (group, four) in groups.iter_mut().zip(rows) {
                    group.store(transpose_rows(four));
                }
            }
        }
    }

    /// Packs sixteen queries from `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn pack_queries(&mut self, columns: &Columns<'_>, first: usize) {
        let flip = _mm512_set1_epi8(i8::MIN);
        for (index, groups) in self.queries.chunks_mut(4).enumerate() {
            let fours = columns.fours(0, first, index * CHANNELS);
            for (group, four) in groups.iter_mut().zip(fours) {
                group.store(_mm512_xor_si512(four, flip));
            }
        }
    }

    /// `q · k` of the queries with every key. Scores after the last token, up to a whole block, are
    /// [`LOWEST`]. Returns the highest score of each query.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn score(&mut self, shape: Shape) -> __m512i {
        let lowest = _mm512_set1_epi32(LOWEST);
        let mut highest = lowest;
        let keys = rows(self.keys, shape.key_groups()).zip(self.offsets.iter());
        for (block, (scores, (keys, offset))) in
            self.scores.as_chunks_mut::<LANES>().0.iter_mut().zip(keys).enumerate()
        {
            let products = products(self.queries, keys, offset);
            let mut max = lowest;
            for (score, product) in scores.iter_mut().zip(products) {
                max = _mm512_max_epi32(max, product);
                score.store(product);
            }
            let left = shape.tokens - block * LANES;
            if left < LANES {
                let (kept, beyond) = scores.split_at_mut(left);
                max = kept.iter().fold(lowest, |max, score| _mm512_max_epi32(max, score.load()));
                for score in beyond {
                    score.store(lowest);
                }
            }
            highest = _mm512_max_epi32(highest, max);
        }
        highest
    }
}

/// Computes all queries of one head, sixteen at a time. The outputs replace the queries.
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512vl,avx512vnni")]
fn queries(
    qkv: &mut [i8],
    (shape, head): (Shape, usize),
    buffers: &mut Buffers<'_>,
    attention: &Attention,
) {
    let (softmax, width) = (Softmax::new(attention), shape.width());
    for first in (0..shape.tokens).step_by(LANES) {
        buffers.pack_queries(&Columns { qkv, shape, head }, first);
        let highest = buffers.score(shape);
        let sum = softmax.apply(buffers.scores, highest, shape.tokens, buffers.exponentials);
        let requant =
            Requants::uniform(row_mults(attention, sum), attention.shift.clamp(25, 55) + 7);
        for (index, values) in rows(buffers.values, shape.value_groups()).enumerate() {
            let context = requant.apply_each(products(buffers.exponentials, values, &ZERO));
            let queries = by_query(context, attention.zero_point);
            let start = 3 * first * width + head * shape.head_dim + index * CHANNELS;
            let tile = (shape.tokens - first, shape.head_dim - index * CHANNELS);
            if tile.0 < LANES || tile.1 < CHANNELS || !store_rows(queries, qkv, start, 3 * width) {
                store_edge(queries, qkv, (start, 3 * width), tile);
            }
        }
    }
}

/// [`store_rows`] of fewer than sixteen rows or bytes.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw")]
fn store_edge(
    queries: [__m512i; 4],
    out: &mut [i8],
    (start, stride): (usize, usize),
    (rows, len): (usize, usize),
) {
    for (at, four) in queries.into_iter().enumerate() {
        let mut group = ZERO;
        group.store(four);
        let bytes: &[[i8; CHANNELS]; 4] = bytemuck::cast_ref(&group.0);
        for (quarter, bytes) in bytes.iter().enumerate() {
            let row = 4 * quarter + at;
            if row < rows {
                copy(part_mut(out, start + row * stride, CHANNELS.min(len)), bytes);
            }
        }
    }
}

/// `start + Σ x · w` over groups: for each of the sixteen rows of `w`, a vector over the lanes of `x`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn products(x: &[Group], w: &[Group], start: &Group) -> [__m512i; LANES] {
    let start: &Fours = bytemuck::cast_ref(&start.0);
    let mut acc = [_mm512_setzero_si512(); LANES];
    for (acc, start) in acc.iter_mut().zip(start) {
        *acc = _mm512_set1_epi32(i32::from_le_bytes(*start));
    }
    for (x, w) in x.iter().zip(w) {
        let x = x.load();
        let w: &Fours = bytemuck::cast_ref(&w.0);
        for (acc, w) in acc.iter_mut().zip(w) {
            *acc = _mm512_dpbusd_epi32(*acc, x, _mm512_set1_epi32(i32::from_le_bytes(*w)));
        }
    }
    acc
}

/// `sat8(zero_point + value)` of sixteen channels, a vector of sixteen queries each, by query:
/// quarter `l` of vector `i` holds the channels of query `4 · l + i`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn by_query(channels: [__m512i; LANES], zero_point: i8) -> [__m512i; 4] {
    let mut fours = [_mm512_setzero_si512(); 4];
    for (four, channels) in fours.iter_mut().zip(channels.as_chunks::<4>().0) {
        *four = transpose_bytes(pack_lanes(*channels, zero_point));
    }
    transpose_quarters(fours)
}
