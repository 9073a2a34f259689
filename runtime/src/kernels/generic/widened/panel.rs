//! Products of rows with weights that are widened to i16, in pairs of inputs: a sum of two products
//! of i16 is one instruction of most vector units.
//!
//! ```text
//! acc[row][channel] = Σ over pairs of (x[row][2i] · w[channel][2i] + x[row][2i + 1] · w[channel][2i + 1])
//! ```
//! Compilers find that instruction if the two values of each pair lie side by side in memory. Therefore
//! pairs of inputs are repeated in memory for every channel of a vector.

use core::hint::black_box;

/// Rows whose sums are in registers together.
pub(super) const ROWS: usize = 4;
/// Channels of a vector.
pub(super) const LANES: usize = if cfg!(target_feature = "avx512f") { 16 } else { 8 };
/// How [`products`] keeps the two products of a pair together. If true, it adds their sum one step
/// later, which needs one more register for each sum. If false, it subtracts the complement of
/// their sum, which needs one more instruction.
const LATER: bool = cfg!(target_feature = "avx2");
/// Maximum number of inputs of a row. It bounds the stack of a call to 115 KB, or to 230 KB with
/// vectors of sixteen lanes.
pub(super) const MAX_K: usize = 1152;
/// Number of inputs of a row that are widened together before they are repeated.
const WIDENED: usize = 64;

/// Two neighbouring weights of every channel, or two neighbouring inputs repeated for every channel.
///
/// Aligned as a vector, because a load that is not aligned can touch two cache lines.
#[derive(Clone, Copy)]
#[cfg_attr(target_feature = "avx512f", repr(align(64)))]
#[cfg_attr(not(target_feature = "avx512f"), repr(align(32)))]
pub(super) struct Pair(pub(super) [i16; 2 * LANES]);
/// Panels one after another, each the pairs of [`LANES`] channels: two panels of [`MAX_K`] inputs, or
/// more panels of fewer inputs.
pub(super) type Panels = [Pair; MAX_K];
/// Repeated inputs of a tile, up to `PAIRS` pairs for each row.
pub(super) type Spread<const PAIRS: usize> = [[Pair; PAIRS]; ROWS];

#[inline]
pub(super) const fn no_panels() -> Panels {
    [Pair([0; 2 * LANES]); MAX_K]
}

#[inline]
pub(super) const fn no_spread<const PAIRS: usize>() -> Spread<PAIRS> {
    [[Pair([0; 2 * LANES]); PAIRS]; ROWS]
}

/// Writes up to [`LANES`] rows of weights as a panel. A row of odd length gets a 0 after its last weight.
/// Channels without a row get some weights; their products must not be used.
#[inline]
pub(super) fn pack<'a>(mut weights: impl Iterator<Item = &'a [i8]>, panel: &mut [Pair]) {
    let mut channels = [&[][..]; LANES];
    for (channel, row) in channels.iter_mut().zip(&mut weights) {
        *channel = row;
    }
    // Any weights will do for a missing row: it takes those of the first.
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

/// Gathers the bytes of a pair, then widens them. In the other order, compilers widen byte by byte.
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

/// Repeats each pair of inputs for all channels. If the number of inputs is odd, a 0 follows the last one.
#[inline]
pub(super) fn repeat<T: Copy>(x: &[T], widen: impl Fn(T) -> i16, spread: &mut [Pair]) {
    for (x, spread) in x.chunks(WIDENED).zip(spread.chunks_mut(WIDENED / 2)) {
        let mut wide = [0; WIDENED];
        for (wide, &x) in wide.iter_mut().zip(x) {
            *wide = widen(x);
        }
        let pairs = spread.iter_mut().zip(wide.as_chunks::<2>().0);
        for (pair, two) in pairs.take(x.len().div_ceil(2)) {
            // `black_box` separates the pairs. Otherwise compilers use scatter stores on some processors.
            pair.0.as_chunks_mut::<2>().0.fill(black_box(*two));
        }
    }
}

/// The sums of all rows with the channels of a panel.
///
/// Not inlined, because in other surroundings compilers do not turn the loop into products of pairs.
/// They also regroup `acc + (a + b)` as `(acc + a) + b`; see [`LATER`] for what prevents that.
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
