//! Products of rows with weights that are widened to i16, in pairs of inputs: a sum of two products
//! of i16 is one instruction of most vector units.
//!
//! ```text
//! acc[row][channel] = Σ over pairs of (x[row][2i] · w[channel][2i] + x[row][2i + 1] · w[channel][2i + 1])
//! ```
//! Compilers find that instruction where both factors of a pair are read from memory side by side, so
//! inputs are repeated there for every channel of a vector.
//!
//! For processors with vectors and a stack for them; others read weights where they lie.

use super::Linear;
use crate::fixed::{Requant, half, rescale_upper};
use crate::rows::{part_mut, rows, rows_mut};
use core::hint::black_box;

/// Rows whose sums are in registers together.
pub(super) const ROWS: usize = 4;
/// Channels of a vector.
pub(super) const LANES: usize = if cfg!(target_feature = "avx512f") { 16 } else { 8 };
/// Whether [`products`] adds a pair's sum a step later, which takes a register for each sum; else it
/// subtracts the complement, which takes an instruction more.
const LATER: bool = cfg!(target_feature = "avx2");
/// Most inputs of a row; bounds the stack of a call: 115 KB, less than half for [`FEW_INPUTS`], twice that
/// where vectors have sixteen lanes.
const MAX_K: usize = 1152;
/// Inputs of a row for which less is kept.
const FEW_INPUTS: usize = 288;
/// Panels that are kept, where they are short.
const PANELS: usize = 32;
/// Inputs of a row that are widened before they are repeated.
const WIDENED: usize = 64;
/// Rows from which widening weights pays.
const MIN_ROWS: usize = 4;

/// Two neighbouring inputs of every channel: weights, or the same inputs again and again.
///
/// Aligned as a vector, for loads that would otherwise reach over two lines of the cache.
#[derive(Clone, Copy)]
#[cfg_attr(target_feature = "avx512f", repr(align(64)))]
#[cfg_attr(not(target_feature = "avx512f"), repr(align(32)))]
pub(super) struct Pair(pub(super) [i16; 2 * LANES]);
/// Pairs of [`LANES`] channels after those of others: two panels of [`MAX_K`] inputs, more of fewer.
pub(super) type Panels = [Pair; MAX_K];
/// Repeated inputs of a tile, as many pairs of a row.
pub(super) type Spread<const PAIRS: usize> = [[Pair; PAIRS]; ROWS];

/// Calls `store` with up to [`LANES`] rescaled sums of a row and their places; `false`, with nothing
/// called, if there are too few rows or too many inputs.
#[inline]
pub(super) fn linear<T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) -> bool {
    let k = layer.inputs().max(1);
    if k > MAX_K || x.len() < MIN_ROWS * k {
        return false;
    }
    // Most layers have few inputs, and clearing what they do not need takes time.
    if k <= FEW_INPUTS {
        tiles::<{ FEW_INPUTS / 2 }, T>(x, layer, out, store);
    } else {
        tiles::<{ MAX_K / 2 }, T>(x, layer, out, store);
    }
    true
}

/// All rows times all channels, for up to `2 · PAIRS` inputs.
fn tiles<const PAIRS: usize, T>(
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    let out = part_mut(out, 0, out.len().min((x.len() / k).saturating_mul(n)));
    let mut panels = no_panels();
    let mut spread = no_spread::<PAIRS>();
    let mut rescales = [Rescales::NONE; PANELS];
    let pairs = k.div_ceil(2);
    let most = LANES * PANELS.min(MAX_K / pairs.max(1));
    for (block, weights) in layer.weights().chunks((most * k).max(1)).enumerate() {
        let first = block * most;
        for (index, weights) in weights.chunks((LANES * k).max(1)).enumerate() {
            pack(rows(weights, k), part_mut(&mut panels, index * pairs, pairs));
            if let Some(place) = rescales.get_mut(index) {
                *place = Rescales::new(layer, first + index * LANES);
            }
        }
        let channels = most.min(n - first);
        let tiles = x.chunks((ROWS * k).max(1)).zip(out.chunks_mut((ROWS * n).max(1)));
        for (x, out) in tiles {
            for (x, spread) in rows(x, k).zip(&mut spread) {
                repeat(x, i16::from, spread);
            }
            let starts = (0..channels).step_by(LANES);
            for ((start, panel), rescales) in starts.zip(rows(&panels, pairs)).zip(&rescales) {
                let len = LANES.min(channels - start);
                for (acc, out) in products(&spread, panel).iter().zip(rows_mut(out, n)) {
                    let places = part_mut(out, first + start, len);
                    store_lanes(&rescales.apply(acc), places, store);
                }
            }
        }
    }
}

#[inline]
pub(super) const fn no_panels() -> Panels {
    [Pair([0; 2 * LANES]); MAX_K]
}

#[inline]
pub(super) const fn no_spread<const PAIRS: usize>() -> Spread<PAIRS> {
    [[Pair([0; 2 * LANES]); PAIRS]; ROWS]
}

/// Stores a vector's channels, or those of them that there are places for. Loops of known lengths are
/// what becomes vectors.
#[inline(always)]
pub(super) fn store_lanes<T>(
    rescaled: &[i32; LANES],
    places: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) {
    if let (LANES, Some(places)) = (places.len(), places.first_chunk_mut::<LANES>()) {
        return store(rescaled, places);
    }
    store(rescaled, places);
}

/// Turns up to [`LANES`] rows of weights into a panel. What it holds of other channels must not count,
/// nor the second weight of an odd row's last pair.
#[inline]
pub(super) fn pack<'a>(mut weights: impl Iterator<Item = &'a [i8]>, panel: &mut [Pair]) {
    let mut channels = [&[][..]; LANES];
    for (channel, row) in channels.iter_mut().zip(&mut weights) {
        *channel = row;
    }
    // Rows that there are not are as good as any other.
    let k = channels[0].len();
    let rows = channels.map(|row| if row.len() == k { row } else { channels[0] });
    let (whole, last) = panel.split_at_mut_checked(k / 2).unwrap_or_default();
    pack_whole(rows.map(|row| row.as_chunks().0), whole);
    if let (1, Some(last)) = (k % 2, last.first_mut()) {
        for (two, row) in last.0.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
            *two = [row.last().map_or(0, |&weight| weight.into()), 0];
        }
    }
}

/// Gathers the bytes of a pair before it widens them: the other way round, compilers widen one by one.
#[inline(never)]
fn pack_whole(rows: [&[[i8; 2]]; LANES], panel: &mut [Pair]) {
    let len = panel.len();
    if rows.iter().any(|row| row.len() != len) {
        return;
    }
    for (at, pair) in panel.iter_mut().enumerate() {
        let mut bytes = [[0; 2]; LANES];
        for (two, row) in bytes.iter_mut().zip(rows) {
            *two = row.get(at).copied().unwrap_or_default();
        }
        for (to, &byte) in pair.0.iter_mut().zip(bytes.as_flattened()) {
            *to = byte.into();
        }
    }
}

/// Whether [`Panels`] holds the panels of `channels` with `k` inputs.
pub(super) const fn fits(k: usize, channels: usize) -> bool {
    k.div_ceil(2) * channels.div_ceil(LANES) <= MAX_K
}

/// Repeats each pair of inputs for all channels, a zero behind an odd one.
#[inline]
pub(super) fn repeat<T: Copy>(x: &[T], widen: impl Fn(T) -> i16, spread: &mut [Pair]) {
    for (x, spread) in x.chunks(WIDENED).zip(spread.chunks_mut(WIDENED / 2)) {
        let mut wide = [0; WIDENED];
        for (wide, &x) in wide.iter_mut().zip(x) {
            *wide = widen(x);
        }
        let pairs = spread.iter_mut().zip(wide.as_chunks::<2>().0);
        for (pair, two) in pairs.take(x.len().div_ceil(2)) {
            // Several pairs at once would become scattered stores where a processor has such.
            pair.0.as_chunks_mut::<2>().0.fill(black_box(*two));
        }
    }
}

/// The sums of all rows with the channels of a panel.
///
/// A function of its own, since what surrounds it changes what the compiler makes of it. Given a sum of
/// three numbers, it would add the products of a pair one after the other: so a pair's sum is added
/// a step later, or its complement subtracted.
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "rows and channels count to the lengths of arrays")]
pub(super) fn products<const PAIRS: usize>(
    spread: &Spread<PAIRS>,
    panel: &[Pair],
) -> [[i32; LANES]; ROWS] {
    let mut acc = [[0i32; LANES]; ROWS];
    let mut last = acc;
    let pairs = panel.len().min(PAIRS);
    for at in 0..pairs {
        for row in 0..ROWS {
            if let (Some(x), Some(w)) = (spread[row].get(at), panel.get(at)) {
                let twos = two_products(x, w);
                for channel in 0..LANES {
                    let acc = &mut acc[row][channel];
                    *acc = if LATER {
                        acc.wrapping_add(last[row][channel])
                    } else {
                        acc.wrapping_sub(!twos[channel])
                    };
                }
                last[row] = twos;
            }
        }
    }
    let complements = i32::try_from(pairs).unwrap_or(0);
    for (acc, &last) in acc.as_flattened_mut().iter_mut().zip(last.as_flattened()) {
        *acc = if LATER { acc.wrapping_add(last) } else { acc.wrapping_sub(complements) };
    }
    acc
}

#[inline]
#[expect(clippy::indexing_slicing, reason = "a pair has two values for each channel")]
fn two_products(x: &Pair, w: &Pair) -> [i32; LANES] {
    let mut twos = [0; LANES];
    for (channel, two) in twos.iter_mut().enumerate() {
        let product = |i: usize| i32::from(x.0[i]) * i32::from(w.0[i]);
        *two = product(2 * channel) + product(2 * channel + 1);
    }
    twos
}

/// Biases and rescales of [`LANES`] channels; those that there are not rescale anything to something.
#[derive(Clone, Copy)]
pub(super) struct Rescales {
    bias: [i32; LANES],
    mult: [i32; LANES],
    half: [i64; LANES],
    /// Shifts of the products' upper words.
    shift: [u8; LANES],
}

impl Rescales {
    const NONE: Self =
        Self { bias: [0; LANES], mult: [0; LANES], half: [0; LANES], shift: [0; LANES] };

    #[inline]
    pub(super) fn new(layer: &Linear<'_>, first: usize) -> Self {
        let mut all = Self::NONE;
        let places = all.bias.iter_mut().zip(&mut all.mult).zip(&mut all.half).zip(&mut all.shift);
        for ((((bias, mult), rounding), shift), channel) in places.zip(layer.rescales_from(first)) {
            (*bias, *mult) = (channel.bias, channel.requant.mult());
            *rounding = half(channel.requant.shift());
            *shift = channel.requant.shift() - Requant::MIN_SHIFT;
        }
        all
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "channels count to the lengths of arrays")]
    pub(super) fn apply(&self, acc: &[i32; LANES]) -> [i32; LANES] {
        let mut rescaled = [0; LANES];
        for channel in 0..LANES {
            let acc = self.bias[channel] + acc[channel];
            let (mult, half) = (self.mult[channel], self.half[channel]);
            rescaled[channel] = rescale_upper(acc, mult, half, self.shift[channel]);
        }
        rescaled
    }
}
