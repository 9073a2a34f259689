//! Weights in the order in which products read them. They are packed on the stack in each call.
//!
//! A panel is for eight channels. Its first block begins with eight i32, the initial values of the sums. A block
//! follows for each chunk of inputs.

use super::multiply::{Block, CHANNELS, CHUNK, Multiply};
use super::vector::{Vector, load_half_up_to, load_up_to};
use crate::kernels::operand::Linear;
use crate::rows::{rows_mut, tail, up_to};
use core::array;

/// Maximum number of inputs of a layer, after [`Inputs`] has filled up its runs.
pub(super) const MAX_K: usize = 1152;
/// Maximum number of blocks of a panel: a chunk has at least eight inputs.
const MAX_BLOCKS: usize = 1 + MAX_K / 8;
/// No weights.
pub(super) const NO_BLOCK: Block = [[0; CHUNK]; CHANNELS];

/// The inputs of a layer, divided into runs. The inputs of a run are contiguous in memory. Weights of zero fill
/// each run up to whole chunks.
#[derive(Clone, Copy)]
pub(super) struct Inputs {
    run: usize,
    runs: usize,
    /// Chunks in a run.
    run_chunks: usize,
    /// Inputs of a chunk.
    chunk: usize,
}

impl Inputs {
    /// `k` inputs in runs of `run`.
    #[inline]
    pub(super) fn new<M: Multiply>(k: usize, run: usize) -> Self {
        // Not `clamp`, which can panic.
        let run = run.min(k).max(1);
        Self { run, runs: k / run, run_chunks: run.div_ceil(M::INPUTS), chunk: M::INPUTS }
    }

    /// Chunks in a run.
    pub(super) const fn run_chunks(self) -> usize {
        self.run_chunks
    }

    /// Whether a layer with these inputs can be packed.
    pub(super) const fn fit(self) -> bool {
        self.chunk * self.runs * self.run_chunks <= MAX_K
    }

    /// Blocks of a panel: one for the initial sums, the others for the weights.
    pub(super) const fn panel_blocks(self) -> usize {
        1 + self.runs * self.run_chunks
    }
}

/// Memory for a panel.
pub(super) struct Memory([Block; MAX_BLOCKS]);

impl Memory {
    pub(super) const fn new() -> Self {
        Self([NO_BLOCK; MAX_BLOCKS])
    }

    /// The panel from channel `first` on.
    #[inline]
    pub(super) fn panel<M: Multiply>(
        &mut self,
        layer: &Linear<'_>,
        inputs: Inputs,
        first: usize,
    ) -> &[Block] {
        let panel = self.0.get_mut(..inputs.panel_blocks()).unwrap_or(&mut []);
        write_layer::<M>(layer, inputs, first, panel);
        panel
    }
}

/// Packs the panel of a layer from channel `first` on.
fn write_layer<M: Multiply>(layer: &Linear<'_>, inputs: Inputs, first: usize, panel: &mut [Block]) {
    let k = layer.inputs();
    let weights = tail(layer.weights(), first * k);
    let mut biases = [0; CHANNELS];
    for (bias, channel) in biases.iter_mut().zip(layer.requants_from(first)) {
        *bias = channel.bias;
    }
    write::<M>(panel, inputs, biases, array::from_fn(|channel| up_to(weights, channel * k, k)));
}

/// Packs a panel. `channels` are the weights of each channel, fewer or none for a channel that does not exist.
///
/// Not inlined, for the size of the code: it is called in two places.
#[inline(never)]
pub(super) fn write<M: Multiply>(
    panel: &mut [Block],
    inputs: Inputs,
    biases: [i32; CHANNELS],
    channels: [&[i8]; CHANNELS],
) {
    let Some((start, blocks)) = panel.split_first_mut() else { return };
    let mut sums = [M::V::zero(); CHANNELS];
    for (run, blocks) in rows_mut(blocks, inputs.run_chunks).enumerate() {
        // The first channel takes the place of a missing one, whose sums are not used.
        let [first, ..] = channels;
        let channels = channels.map(|channel| {
            let run = run * inputs.run..(run + 1) * inputs.run;
            channel.get(run.clone()).or(first.get(run)).unwrap_or(&[])
        });
        let rest = if M::INPUTS == 8 {
            write_whole::<M, 8>(channels, blocks, &mut sums, M::V::load_half)
        } else {
            write_whole::<M, 16>(channels, blocks, &mut sums, M::V::load)
        };
        if let (true, Some(block)) = (!inputs.run.is_multiple_of(M::INPUTS), blocks.last_mut()) {
            let rows = rest.map(load::<M>);
            excess::<M>(&mut sums, &rows);
            store(M::arrange(rows), block);
        }
    }
    store_start::<M::V>(biases, sums, start);
}

/// Packs the whole chunks of a run. Returns the rest of each channel.
#[inline]
fn write_whole<'a, M: Multiply, const INPUTS: usize>(
    channels: [&'a [i8]; CHANNELS],
    blocks: &mut [Block],
    sums: &mut [M::V; CHANNELS],
    load: fn(&[i8; INPUTS]) -> M::V,
) -> [&'a [i8]; CHANNELS] {
    let [a, b, c, d, e, f, g, h] = channels.map(|channel| channel.as_chunks::<INPUTS>().0);
    // Zipped slices are checked once for all blocks.
    let first = a.iter().zip(b).zip(c).zip(d);
    let second = e.iter().zip(f).zip(g).zip(h);
    for ((block, (((a, b), c), d)), (((e, f), g), h)) in blocks.iter_mut().zip(first).zip(second) {
        let rows = [a, b, c, d, e, f, g, h].map(load);
        excess::<M>(sums, &rows);
        store(M::arrange(rows), block);
    }
    channels.map(|channel| channel.as_chunks::<INPUTS>().1)
}

/// The inputs of a chunk, zeros beyond the last.
#[inline]
pub(super) fn load<M: Multiply>(values: &[i8]) -> M::V {
    if M::INPUTS == 8 { load_half_up_to(values) } else { load_up_to(values) }
}

/// Adds [`Multiply::excess`] of each channel.
#[inline]
pub(super) fn excess<M: Multiply>(sums: &mut [M::V; CHANNELS], rows: &[M::V; CHANNELS]) {
    for (sum, row) in sums.iter_mut().zip(rows) {
        *sum = M::excess(*sum, *row);
    }
}

#[inline]
pub(super) fn store<V: Vector>(values: [V; CHANNELS], block: &mut Block) {
    for (value, place) in values.into_iter().zip(block) {
        value.store(place);
    }
}

/// Writes the initial sums: the biases less the totals of `less`.
#[inline]
pub(super) fn store_start<V: Vector>(
    biases: [i32; CHANNELS],
    less: [V; CHANNELS],
    start: &mut Block,
) {
    let [lower, upper, ..] = start;
    let [a, b, c, d, e, f, g, h] = less;
    let [i, j, k, l, m, n, o, p] = biases;
    V::load32(&[i, j, k, l]).sub32(V::totals32([a, b, c, d])).store(lower);
    V::load32(&[m, n, o, p]).sub32(V::totals32([e, f, g, h])).store(upper);
}

/// The initial sums.
#[inline]
pub(super) fn load_start<V: Vector>([lower, upper, ..]: &Block) -> [V; 2] {
    [V::load(lower), V::load(upper)]
}
