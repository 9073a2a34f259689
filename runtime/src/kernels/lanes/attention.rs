//! Attention with the operands of a head in memory as products read them. A tile is eight queries, whose scores
//! are rows and whose keys are channels. Then exponentials are rows and values are channels.

use super::multiply::{Block, CHANNELS, CHUNK, Multiply};
use super::packing::{Inputs, NO_BLOCK, excess, load_start, store, store_start, write};
use super::product::ROWS;
use super::rows::convert;
use super::softmax::{Scores, softmax};
use super::transpose::transpose;
use super::vector::{Vector, load_half_up_to, pack, store_half_up_to};
use crate::kernels::generic;
use crate::kernels::operand::Attention;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{part, part_mut, rows, rows_mut, tail, up_to};
use core::array;

/// Number of blocks for 64 tokens and a head of 32 channels.
const SMALL: usize = 104;
/// Number of blocks for 256 tokens and a head of 128 channels.
const LARGE: usize = 1184;

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8<M: Multiply>(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let Attention { heads, head_dim, .. } = *attention;
    let shape = Shape::new::<M>(scores.len(), heads, head_dim);
    let blocks = shape.blocks();
    // Clearing the memory for large networks would cost a small network too much.
    if blocks <= SMALL {
        with_stack::<M, SMALL>(qkv, attention, shape);
    } else if blocks <= LARGE {
        with_stack::<M, LARGE>(qkv, attention, shape);
    } else {
        generic::attention_i8(qkv, attention, scores);
    }
}

fn with_stack<M: Multiply, const BLOCKS: usize>(
    qkv: &mut [i8],
    attention: &Attention,
    shape: Shape,
) {
    let mut stack = [NO_BLOCK; BLOCKS];
    for head in 0..shape.heads {
        let Some(mut buffers) = Buffers::new(&mut stack, shape) else {
            debug_assert!(false, "a stack for {} blocks", shape.blocks());
            return;
        };
        buffers.pack::<M>(qkv, shape, head);
        for first in (0..shape.tokens).step_by(ROWS) {
            buffers.attend::<M>(attention, shape, (head, first), qkv);
        }
    }
}

/// Sizes of one attention layer.
#[derive(Clone, Copy)]
struct Shape {
    tokens: usize,
    heads: usize,
    head_dim: usize,
    /// The inputs of a score.
    channels: Inputs,
    /// The inputs of an output.
    keys: Inputs,
}

impl Shape {
    fn new<M: Multiply>(tokens: usize, heads: usize, head_dim: usize) -> Self {
        let inputs = |len| Inputs::new::<M>(len, len);
        Self { tokens, heads, head_dim, channels: inputs(head_dim), keys: inputs(tokens) }
    }

    const fn width(self) -> usize {
        self.heads * self.head_dim
    }

    /// Panels of keys.
    const fn key_panels(self) -> usize {
        self.tokens.div_ceil(CHANNELS)
    }

    /// Panels of values.
    const fn value_panels(self) -> usize {
        self.head_dim.div_ceil(CHANNELS)
    }

    /// Blocks of all [`Buffers`].
    const fn blocks(self) -> usize {
        self.key_panels() * self.channels.panel_blocks()
            + self.value_panels() * self.keys.panel_blocks()
            + self.channels.run_chunks()
            + self.keys.run_chunks()
            + 2 * self.key_panels()
    }
}

/// The packed operands and intermediate values of one head.
struct Buffers<'a> {
    /// A panel for every eight keys.
    keys: &'a mut [Block],
    /// A panel for every eight channels.
    values: &'a mut [Block],
    /// Of eight queries.
    queries: &'a mut [[i8; CHUNK]],
    /// Of eight queries.
    exponentials: &'a mut [[i8; CHUNK]],
    /// Of eight queries, the scores of eight keys at a time.
    scores: &'a mut [Scores],
}

impl<'a> Buffers<'a> {
    fn new(stack: &'a mut [Block], shape: Shape) -> Option<Self> {
        let keys = shape.key_panels() * shape.channels.panel_blocks();
        let (keys, stack) = stack.split_at_mut_checked(keys)?;
        let values = shape.value_panels() * shape.keys.panel_blocks();
        let (values, stack) = stack.split_at_mut_checked(values)?;
        let (queries, stack) = stack.split_at_mut_checked(shape.channels.run_chunks())?;
        let (exponentials, stack) = stack.split_at_mut_checked(shape.keys.run_chunks())?;
        let (scores, _) = stack.split_at_mut_checked(2 * shape.key_panels())?;
        Some(Self {
            keys,
            values,
            queries: queries.as_flattened_mut(),
            exponentials: exponentials.as_flattened_mut(),
            scores: scores.as_flattened_mut().as_chunks_mut().0,
        })
    }

    /// Packs keys and values of one head.
    fn pack<M: Multiply>(&mut self, qkv: &[i8], shape: Shape, head: usize) {
        let (width, start) = (shape.width(), head * shape.head_dim);
        let panels = rows_mut(self.keys, shape.channels.panel_blocks());
        for (first, panel) in (0..shape.tokens).step_by(CHANNELS).zip(panels) {
            let tokens = tail(qkv, 3 * first * width);
            let key = |token| up_to(tokens, (3 * token + 1) * width + start, shape.head_dim);
            write::<M>(panel, shape.channels, [0; CHANNELS], array::from_fn(key));
        }
        let panels = rows_mut(self.values, shape.keys.panel_blocks());
        for (first, panel) in (0..shape.head_dim).step_by(CHANNELS).zip(panels) {
            let len = CHANNELS.min(shape.head_dim - first);
            write_values::<M>(qkv, shape, (start + first, len), panel);
        }
    }

    /// Computes the outputs of eight queries from `first` on and writes them over the queries.
    fn attend<M: Multiply>(
        &mut self,
        attention: &Attention,
        shape: Shape,
        (head, first): (usize, usize),
        qkv: &mut [i8],
    ) {
        let (width, start) = (shape.width(), head * shape.head_dim);
        let count = ROWS.min(shape.tokens - first);
        let tile = part_mut(qkv, 3 * first * width, 3 * count * width);
        for (x, places) in
            rows(tile, 3 * width).zip(rows_mut(self.queries, shape.channels.run_chunks()))
        {
            convert::<M>(part(x, start, shape.head_dim), places);
        }
        let highest = self.score::<M>(shape, count);
        let mut requants = [M::V::requant([1 << 30; 4], [32; 4]); ROWS];
        let shift = attention.shift.clamp(25, 55) + 7;
        let places = rows_mut(self.exponentials, shape.keys.run_chunks());
        let scores = rows(self.scores, shape.key_panels());
        for (((requant, places), scores), highest) in
            requants.iter_mut().zip(places).zip(scores).zip(highest).take(count)
        {
            let places = places.as_flattened_mut();
            let sum = softmax::<M>(attention, scores, shape.tokens, highest.highest32(), places);
            *requant = M::V::requant([attention.row_mult(sum); 4], [shift; 4]);
        }
        let zero_point = M::V::splat16(attention.zero_point.into());
        let x = tile_rows(self.exponentials, shape.keys, count);
        for (index, panel) in rows(self.values, shape.keys.panel_blocks()).enumerate() {
            let channel = index * CHANNELS;
            let len = CHANNELS.min(shape.head_dim - channel);
            let sums = products::<M>(&x, panel);
            for (([lower, upper], requant), out) in
                sums.iter().zip(&requants).zip(rows_mut(tile, 3 * width))
            {
                let rescaled = [lower.rescale(requant), upper.rescale(requant)];
                let out = part_mut(out, start + channel, len);
                store_half_up_to(pack(rescaled, zero_point), out);
            }
        }
    }

    /// `q · k` of the queries with every key. Returns the highest scores of each query, spread over four lanes.
    #[inline]
    fn score<M: Multiply>(&mut self, shape: Shape, count: usize) -> [M::V; ROWS] {
        let mut highest = [M::V::splat32(i32::MIN); ROWS];
        let x = tile_rows(self.queries, shape.channels, count);
        let panels = shape.key_panels();
        for (index, panel) in rows(self.keys, shape.channels.panel_blocks()).enumerate() {
            let mut sums = products::<M>(&x, panel);
            let left = shape.tokens - index * CHANNELS;
            if left < CHANNELS {
                sums = sums.map(|sums| without_missing(sums, left));
            }
            let scores = rows_mut(self.scores, panels);
            for (([lower, upper], highest), scores) in
                sums.into_iter().zip(&mut highest).zip(scores)
            {
                *highest = highest.max32(lower).max32(upper);
                if let Some([first, second]) = scores.get_mut(index) {
                    lower.store(first);
                    upper.store(second);
                }
            }
        }
        highest
    }
}

/// Packs eight channels of the values. `place` is the first channel, and how many.
fn write_values<M: Multiply>(
    qkv: &[i8],
    shape: Shape,
    (channel, len): (usize, usize),
    panel: &mut [Block],
) {
    let Some((start, blocks)) = panel.split_first_mut() else { return };
    let width = shape.width();
    let mut less = [M::V::zero(); CHANNELS];
    let mut all = [M::V::zero(); CHANNELS];
    for (first, block) in (0..shape.tokens).step_by(M::INPUTS).zip(blocks) {
        let mut tokens = [M::V::zero(); 16];
        let count = M::INPUTS.min(shape.tokens - first);
        for (token, place) in tokens.iter_mut().take(count).enumerate() {
            let at = (3 * (first + token) + 2) * width + channel;
            *place = load_half_up_to(part(qkv, at, len));
        }
        let rows = transpose(tokens);
        excess::<M>(&mut less, &rows);
        for (sum, row) in all.iter_mut().zip(&rows) {
            *sum = sum.add_all8(*row);
        }
        store(M::arrange(rows), block);
    }
    let offset = M::V::splat32(M::EXPONENTIAL_OFFSET);
    for (less, all) in less.iter_mut().zip(all) {
        *less = less.sub32(all.mul32(offset));
    }
    store_start([0; CHANNELS], less, start);
}

/// Up to eight rows of inputs.
#[inline]
fn tile_rows(x: &[[i8; CHUNK]], inputs: Inputs, count: usize) -> TileRows<'_, CHUNK, ROWS> {
    let bytes = inputs.run_chunks() * CHUNK;
    TileRows::new(bytemuck::cast_slice(x.as_flattened()), (bytes, bytes), count)
}

/// The sums of eight rows with the channels of a panel.
#[inline]
fn products<M: Multiply>(x: &TileRows<'_, CHUNK, ROWS>, panel: &[Block]) -> [[M::V; 2]; ROWS] {
    let Some((start, weights)) = panel.split_first() else {
        return [[M::V::zero(); 2]; ROWS];
    };
    let mut sums = [load_start(start); ROWS];
    M::accumulate(&mut sums, core::slice::from_ref(x), weights);
    sums
}

/// Replaces the lanes after the first `count` by [`i32::MIN`].
#[inline(never)]
fn without_missing<V: Vector>([lower, upper]: [V; 2], count: usize) -> [V; 2] {
    let mut lanes = [[0; 4]; 2];
    let [first, second] = &mut lanes;
    lower.store32(first);
    upper.store32(second);
    for lane in lanes.as_flattened_mut().iter_mut().skip(count) {
        *lane = i32::MIN;
    }
    [V::load32(&lanes[0]), V::load32(&lanes[1])]
}
