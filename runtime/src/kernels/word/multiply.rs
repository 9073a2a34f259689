//! Products of four interleaved rows with any number of channels.

use super::interleave::{Four, ROWS};
use super::machine::{CHANNELS, rows};

/// Adds to `sums[channel][row]` the products of four rows with each channel, or of a part of both. The weights of
/// the channels begin `apart` values from each other.
#[inline(never)]
pub(super) fn multiply(x: &[Four], mut w: &[i8], apart: usize, sums: &mut [[i32; ROWS]]) {
    let (blocks, rest) = sums.as_chunks_mut::<CHANNELS>();
    for sums in blocks {
        rows(x, w, apart, sums);
        w = w.get(CHANNELS * apart..).unwrap_or(&[]);
    }
    // Other channels are computed one by one. Each takes the place of all channels.
    for sums in rest {
        let mut all = [*sums; CHANNELS];
        rows(x, w, 0, &mut all);
        let [one, ..] = all;
        *sums = one;
        w = w.get(apart..).unwrap_or(&[]);
    }
}
