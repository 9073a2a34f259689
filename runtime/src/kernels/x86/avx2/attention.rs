//! Attention on AVX2: a lane for each of eight queries, so that softmax needs no step across lanes.
//!
//! Everything is widened to i16 and packed in pairs: two channels of a query or a key, two tokens of
//! exponentials or values. `vpmaddwd` multiplies two pairs and adds both exact products.

use crate::fixed::MAX_ATTENTION_OCTAVES;
use crate::kernels::generic;
use crate::kernels::operand::Attention;
use crate::rows::{part, part_mut, rows, rows_mut, tail};
use core::arch::x86_64::*;

/// 32-bit lanes of a vector.
const LANES: usize = 8;

/// Two i16 for each of eight lanes, or an i32.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Pairs([[i16; 2]; LANES]);

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
    // Clearing the large stack would cost a small network too much.
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
        buffers.pack(qkv, shape, head);
        for first in (0..shape.tokens).step_by(LANES) {
            buffers.pack_queries(qkv, shape, head, first);
            // SAFETY: `sets` returns this set only if the processor has AVX2.
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
    fn pack(&mut self, qkv: &[i8], shape: Shape, head: usize) {
        let (width, start) = (shape.width(), head * shape.head_dim);
        for (token, row) in rows(qkv, 3 * width).enumerate() {
            let block = token / LANES * shape.channel_pairs();
            let groups = part_mut(self.keys, block, shape.channel_pairs());
            set_pairs(groups, token % LANES, part(row, width + start, shape.head_dim));
            let values = part(row, 2 * width + start, shape.head_dim).chunks(LANES);
            for (groups, values) in rows_mut(self.values, shape.token_pairs()).zip(values) {
                let Some(group) = groups.get_mut(token / 2) else { continue };
                for (pair, &value) in group.0.iter_mut().zip(values) {
                    let [even, odd] = pair;
                    *(if token.is_multiple_of(2) { even } else { odd }) = value.into();
                }
            }
        }
    }

    /// Packs eight queries from `first` on.
    fn pack_queries(&mut self, qkv: &[i8], shape: Shape, head: usize, first: usize) {
        let qkv = tail(qkv, 3 * shape.width() * first);
        for (lane, row) in rows(qkv, 3 * shape.width()).take(LANES).enumerate() {
            let query = part(row, head * shape.head_dim, shape.head_dim);
            set_pairs(self.queries, lane, query);
        }
    }

    /// Computes the outputs of the packed queries and writes them over the queries.
    #[target_feature(enable = "avx2")]
    fn attend(
        &mut self,
        attention: &Attention,
        shape: Shape,
        (head, first): (usize, usize),
        qkv: &mut [i8],
    ) {
        let highest = self.score(shape);
        let sums = self.softmax(attention, shape.tokens, highest);
        let mut mults = ZERO;
        store(&mut mults, sums);
        let mults: &mut [i32; LANES] = bytemuck::cast_mut(&mut mults.0);
        for mult in mults.iter_mut() {
            *mult = attention.row_mult(mult.cast_unsigned());
        }
        for (block, values) in rows(self.values, shape.token_pairs()).enumerate() {
            let channel = block * LANES;
            let len = LANES.min(shape.head_dim - channel);
            let acc = products(self.exponentials, values);
            let mut context = [[0i32; LANES]; LANES];
            for (context, acc) in context.iter_mut().zip(acc) {
                let mut group = ZERO;
                store(&mut group, acc);
                *context = bytemuck::cast(group.0);
            }
            for (lane, &mult) in mults.iter().enumerate().take(shape.tokens - first) {
                let at = 3 * (first + lane) * shape.width() + head * shape.head_dim + channel;
                for (out, context) in part_mut(qkv, at, len).iter_mut().zip(&context) {
                    let acc = context.get(lane).copied().unwrap_or(0);
                    *out = attention.store(acc, mult);
                }
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
                store(score, product);
            }
        }
        highest
    }

    /// Writes `exp2_neg(octaves(highest − score))` of every score and returns their sums.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn softmax(&mut self, attention: &Attention, tokens: usize, highest: __m256i) -> __m256i {
        let set = |value: u32| _mm256_set1_epi32(value.cast_signed());
        let (mult, limit) = (set(attention.octaves.mult()), set(attention.octaves.limit() + 1));
        let octaves = |score: &Pairs| {
            let distance = _mm256_min_epu32(_mm256_sub_epi32(highest, load(score)), limit);
            _mm256_srli_epi32::<17>(_mm256_mullo_epi32(distance, mult))
        };
        let together = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
        ));
        let (all, first) = (_mm256_set1_epi32(-1), _mm256_set1_epi32(0xFFFF));
        let mut sum = _mm256_setzero_si256();
        let pairs = self.scores.as_chunks::<2>().0.iter().enumerate();
        for (place, (index, [a, b])) in self.exponentials.iter_mut().zip(pairs) {
            let e = exp2_neg(_mm256_packus_epi32(octaves(a), octaves(b)));
            // Masks the score after the last token. With a small multiplier, its distance is not large
            // enough to make it 0.
            let tokens = if 2 * index + 1 < tokens { all } else { first };
            let e = _mm256_and_si256(_mm256_shuffle_epi8(e, together), tokens);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(e, _mm256_set1_epi16(1)));
            store(place, e);
        }
        sum
    }
}

/// One lane's values in pairs.
fn set_pairs(groups: &mut [Pairs], lane: usize, values: &[i8]) {
    for (group, values) in groups.iter_mut().zip(values.chunks(2)) {
        let Some(pair) = group.0.get_mut(lane) else {
            debug_assert!(false, "lane {lane} of {LANES}");
            return;
        };
        for (place, &value) in pair.iter_mut().zip(values) {
            *place = value.into();
        }
    }
}

/// `Σ x · w` over groups: for each of the eight lanes of `w`, a vector over the lanes of `x`.
#[inline]
#[target_feature(enable = "avx2")]
fn products(x: &[Pairs], w: &[Pairs]) -> [__m256i; LANES] {
    let mut acc = [_mm256_setzero_si256(); LANES];
    for (x, w) in x.iter().zip(w) {
        let x = load(x);
        let w: &[[u8; 4]; LANES] = bytemuck::cast_ref(&w.0);
        for (acc, w) in acc.iter_mut().zip(w) {
            let w = _mm256_set1_epi32(i32::from_le_bytes(*w));
            *acc = _mm256_add_epi32(*acc, _mm256_madd_epi16(x, w));
        }
    }
    acc
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of sixteen i16 octaves, which are clamped first. `vpmulhrsw`
/// is `mul_high`.
#[inline]
#[target_feature(enable = "avx2")]
fn exp2_neg(octaves: __m256i) -> __m256i {
    #[allow(clippy::cast_possible_truncation, reason = "a constant far below 2^15")]
    const MAX: i16 = MAX_ATTENTION_OCTAVES as i16;
    let set = |value: i16| _mm256_set1_epi16(value);
    let octaves = _mm256_min_epi16(octaves, set(MAX));
    let f = _mm256_slli_epi16::<4>(_mm256_and_si256(octaves, set(2047)));
    let p = _mm256_add_epi16(set(7_592), _mm256_mulhrs_epi16(set(-1_327), f));
    let p = _mm256_add_epi16(set(-22_588), _mm256_mulhrs_epi16(p, f));
    let p = _mm256_add_epi16(set(32_640), _mm256_mulhrs_epi16(p, f));
    // `256 >> n`. For `n ≥ 1` it is a byte, which is looked up. The upper byte of `n` is 0 and gives 0.
    let n = _mm256_srli_epi16::<11>(octaves);
    let powers = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, -128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0,
    ));
    let none = _mm256_cmpeq_epi16(n, _mm256_setzero_si256());
    let power = _mm256_or_si256(_mm256_shuffle_epi8(powers, n), _mm256_and_si256(none, set(256)));
    _mm256_mulhrs_epi16(p, power)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(group: &Pairs) -> __m256i {
    // SAFETY: a group has 32 bytes.
    unsafe { _mm256_loadu_si256(group.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(group: &mut Pairs, values: __m256i) {
    // SAFETY: a group has 32 bytes.
    unsafe { _mm256_storeu_si256(group.0.as_mut_ptr().cast(), values) };
}
