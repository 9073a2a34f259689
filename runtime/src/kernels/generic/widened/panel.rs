//! Products of rows with weights that are widened to i16, in pairs of inputs: a sum of two products
//! of i16 is one instruction of most vector units.
//!
//! ```text
//! acc[row][channel] = Σ over pairs of (x[row][2i] · w[channel][2i] + x[row][2i + 1] · w[channel][2i + 1])
//! ```
//! Compilers find that instruction where both factors of a pair are read from memory side by side, so
//! inputs are repeated there for every channel of a vector.

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
pub(super) const MAX_K: usize = 1152;
/// Inputs of a row that are widened before they are repeated.
const WIDENED: usize = 64;

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

#[inline]
pub(super) const fn no_panels() -> Panels {
    [Pair([0; 2 * LANES]); MAX_K]
}

#[inline]
pub(super) const fn no_spread<const PAIRS: usize>() -> Spread<PAIRS> {
    [[Pair([0; 2 * LANES]); PAIRS]; ROWS]
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
    debug_assert!(panel.len() == k.div_ceil(2), "a pair for every two inputs");
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
    // The lengths are equal. The compiler learns it here.
    if rows.iter().any(|row| row.len() != len) {
        debug_assert!(false, "rows as long as the panel");
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
    debug_assert!(i32::try_from(pairs).is_ok(), "{pairs} pairs on the stack");
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
