//! Attention on AVX2: a lane for each of eight queries, so that softmax needs no step across lanes.
//!
//! All operands are widened to i16 and packed in pairs. A pair is two channels of a query or a key, or two
//! tokens of exponentials or values. `vpmaddwd` multiplies two pairs and adds both exact products.

use super::multiply::{COLUMN, Multiply, Vpmaddwd};
use super::requant::{Requants, words};
use super::softmax::softmax;
use super::vector::{LANES, Pairs, load_eight, load_sixteen};
use crate::kernels::generic;
use crate::kernels::operand::Attention;
use crate::rows::{part, part_mut, rows, rows_mut, tail};
use core::arch::x86_64::*;

const ZERO: Pairs = Pairs([[0; 2]; LANES]);
/// Number of groups for 64 tokens and a head of 32 channels.
const SMALL: usize = 384;
/// Number of groups for 256 tokens and a head of 128 channels.
const LARGE: usize = 4544;

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let Attention { heads, head_dim, .. } = *attention;
    let shape = Shape { tokens: scores.len(), heads, head_dim };
    let groups = shape.groups();
    // Clearing the memory for large networks would cost a small network too much.
    if groups <= SMALL {
        with_stack::<SMALL>(qkv, attention, shape);
    } else if groups <= LARGE {
        with_stack::<LARGE>(qkv, attention, shape);
    } else {
        generic::attention_i8(qkv, attention, scores);
    }
}

fn with_stack<const GROUPS: usize>(qkv: &mut [i8], attention: &Attention, shape: Shape) {
    let mut stack = [ZERO; GROUPS];
    for head in 0..shape.heads {
        let Some(mut buffers) = Buffers::new(&mut stack, shape) else {
            debug_assert!(false, "a stack for {} groups", shape.groups());
            return;
        };
        // SAFETY: `sets` returns a set only if the processor has AVX2.
        unsafe { buffers.pack(qkv, shape, head) };
        for first in (0..shape.tokens).step_by(LANES) {
            // SAFETY: as above.
            unsafe { buffers.attend(attention, shape, (head, first), qkv) };
        }
    }
}

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

    const fn channel_pairs(self) -> usize {
        self.head_dim.div_ceil(2)
    }

    const fn token_pairs(self) -> usize {
        self.tokens.div_ceil(2)
    }

    /// Number of tokens, rounded up to whole vectors.
    const fn padded(self) -> usize {
        self.tokens.next_multiple_of(LANES)
    }

    /// Groups of all [`Buffers`].
    const fn groups(self) -> usize {
        (self.padded() / LANES + 1) * self.channel_pairs()
            + (self.head_dim.div_ceil(LANES) + 1) * self.token_pairs()
            + self.padded()
    }
}

/// The packed operands and intermediate values of one head.
struct Buffers<'a> {
    /// `[eight tokens][two channels][token]`.
    keys: &'a mut [Pairs],
    /// `[eight channels][two tokens][channel]`.
    values: &'a mut [Pairs],
    /// Of eight queries, `[two channels][query]`.
    queries: &'a mut [Pairs],
    /// Of eight queries, `[two tokens][query]`.
    exponentials: &'a mut [Pairs],
    /// Of eight queries, i32, `[token][query]`.
    scores: &'a mut [Pairs],
}

impl<'a> Buffers<'a> {
    fn new(stack: &'a mut [Pairs], shape: Shape) -> Option<Self> {
        let keys = shape.padded() / LANES * shape.channel_pairs();
        let (keys, stack) = stack.split_at_mut_checked(keys)?;
        let values = shape.head_dim.div_ceil(LANES) * shape.token_pairs();
        let (values, stack) = stack.split_at_mut_checked(values)?;
        let (queries, stack) = stack.split_at_mut_checked(shape.channel_pairs())?;
        let (exponentials, stack) = stack.split_at_mut_checked(shape.token_pairs())?;
        let (scores, _) = stack.split_at_mut_checked(shape.padded())?;
        Some(Self { keys, values, queries, exponentials, scores })
    }

    /// Packs keys and values of one head.
    #[target_feature(enable = "avx2")]
    fn pack(&mut self, qkv: &[i8], shape: Shape, head: usize) {
        let (width, start) = (shape.width(), head * shape.head_dim);
        for (block, keys) in rows_mut(self.keys, shape.channel_pairs()).enumerate() {
            let first = tail(qkv, 3 * block * LANES * width);
            pack_rows(first, (3 * width, width + start, shape.head_dim), keys);
        }
        let row = |token: usize, channel: usize| {
            let len = LANES.min(shape.head_dim - channel);
            let at = (3 * token + 2) * width + start + channel;
            load_eight(if token < shape.tokens { part(qkv, at, len) } else { &[] })
        };
        for (block, values) in rows_mut(self.values, shape.token_pairs()).enumerate() {
            for (pair, place) in values.iter_mut().enumerate() {
                let [even, odd] = [2 * pair, 2 * pair + 1].map(|token| row(token, block * LANES));
                place.store(_mm256_cvtepi8_epi16(_mm_unpacklo_epi8(even, odd)));
            }
        }
    }

    /// Computes the outputs of eight queries from `first` on and writes them over the queries.
    #[target_feature(enable = "avx2")]
    fn attend(
        &mut self,
        attention: &Attention,
        shape: Shape,
        (head, first): (usize, usize),
        qkv: &mut [i8],
    ) {
        let (width, start) = (shape.width(), head * shape.head_dim);
        let tokens = tail(qkv, 3 * first * width);
        pack_rows(tokens, (3 * width, start, shape.head_dim), self.queries);
        let highest = self.score(shape);
        let sums = softmax(attention, self.scores, shape.tokens, highest, self.exponentials);
        let mut mults = ZERO;
        mults.store(sums);
        let mults: &mut [i32; LANES] = bytemuck::cast_mut(&mut mults.0);
        for mult in mults.iter_mut() {
            *mult = attention.row_mult(mult.cast_unsigned());
        }
        let requant = Requants::uniform(words(mults), attention.shift.clamp(25, 55) + 7);
        for (block, values) in rows(self.values, shape.token_pairs()).enumerate() {
            let channel = block * LANES;
            let len = LANES.min(shape.head_dim - channel);
            let mut context = products(self.exponentials, values);
            for acc in &mut context {
                *acc = requant.apply(*acc);
            }
            let queries = by_query(context, attention.zero_point);
            let left = part_mut(qkv, 3 * first * width, qkv.len() - 3 * first * width);
            let outs = rows_mut(left, 3 * width).take(LANES);
            for (out, query) in outs.zip(stored(queries)) {
                copy(part_mut(out, start + channel, len), &query);
            }
        }
    }

    /// `q · k` of the queries with every key. Scores after the last token, up to a whole vector, are
    /// [`i32::MIN`]. Returns the highest score of each query.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn score(&mut self, shape: Shape) -> __m256i {
        let lowest = _mm256_set1_epi32(i32::MIN);
        let mut highest = lowest;
        let keys = rows(self.keys, shape.channel_pairs());
        for (block, (scores, keys)) in rows_mut(self.scores, LANES).zip(keys).enumerate() {
            let left = shape.tokens - block * LANES;
            let products = products(self.queries, keys);
            for (token, (score, product)) in scores.iter_mut().zip(products).enumerate() {
                let product = if token < left { product } else { lowest };
                highest = _mm256_max_epi32(highest, product);
                score.store(product);
            }
        }
        highest
    }
}

/// Packs up to eight rows of a head in pairs. `stride` is the length of a row. The head begins at `start`,
/// and has `len` channels. Missing rows are zeros.
#[inline]
#[target_feature(enable = "avx2")]
fn pack_rows(values: &[i8], (stride, start, len): (usize, usize, usize), out: &mut [Pairs]) {
    let columns = out.chunks_mut(COLUMN / 2).enumerate();
    for (column, places) in columns {
        let at = column * COLUMN;
        let count = COLUMN.min(len - at);
        let row = |row: usize| {
            let at = row * stride + start + at;
            load_sixteen(values.get(at..).and_then(|tail| tail.get(..count)).unwrap_or(&[]))
        };
        let rows = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
        // SAFETY: `sets` returns a set only if the processor has AVX2.
        let pairs = unsafe { Vpmaddwd::transpose(rows) };
        for (place, pair) in places.iter_mut().zip(pairs) {
            place.store(pair);
        }
    }
}

/// `sat8(zero_point + value)` of eight channels, a vector of eight queries each: eight bytes of each query,
/// the queries in the order 0, 1, 4, 5, 2, 3, 6, 7.
#[inline]
#[target_feature(enable = "avx2")]
fn by_query([a, b, c, d, e, f, g, h]: [__m256i; LANES], zero_point: i8) -> [__m256i; 2] {
    let zero_point = _mm256_set1_epi16(zero_point.into());
    let order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let order = _mm256_broadcastsi128_si256(order);
    let four = |a, b, c, d| {
        let ab = _mm256_adds_epi16(_mm256_packs_epi32(a, b), zero_point);
        let cd = _mm256_adds_epi16(_mm256_packs_epi32(c, d), zero_point);
        _mm256_shuffle_epi8(_mm256_packs_epi16(ab, cd), order)
    };
    let (lower, upper) = (four(a, b, c, d), four(e, f, g, h));
    [_mm256_unpacklo_epi32(lower, upper), _mm256_unpackhi_epi32(lower, upper)]
}

/// The bytes of [`by_query`], the queries in order.
#[inline]
#[target_feature(enable = "avx2")]
fn stored([first, second]: [__m256i; 2]) -> [[i8; LANES]; LANES] {
    let mut all = [ZERO; 2];
    let [lower, upper] = &mut all;
    lower.store(_mm256_permute2x128_si256::<0x20>(first, second));
    upper.store(_mm256_permute2x128_si256::<0x31>(first, second));
    bytemuck::cast(all.map(|group| group.0))
}

#[inline]
fn copy(out: &mut [i8], bytes: &[i8; LANES]) {
    match out.first_chunk_mut::<LANES>() {
        Some(all) => *all = *bytes,
        None => {
            for (out, byte) in out.iter_mut().zip(bytes) {
                *out = *byte;
            }
        }
    }
}

/// `Σ x · w` over groups: for each of the eight lanes of `w`, a vector over the lanes of `x`.
#[inline]
#[target_feature(enable = "avx2")]
fn products(x: &[Pairs], w: &[Pairs]) -> [__m256i; LANES] {
    let mut acc = [_mm256_setzero_si256(); LANES];
    for (x, w) in x.iter().zip(w) {
        let x = x.load();
        let w: &[[u8; 4]; LANES] = bytemuck::cast_ref(&w.0);
        for (acc, w) in acc.iter_mut().zip(w) {
            let w = _mm256_set1_epi32(i32::from_le_bytes(*w));
            *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(x, w));
        }
    }
    acc
}
