//! Layers in tiles of four rows by four channels, for sets whose instructions sum along the inputs.
//!
//! Weights are read in place and not packed, so tiles suit few rows as well as many.

use super::operand::{Channel, Linear};
use crate::rows::{part, part_mut, rows, rows_mut};

/// Rows and channels of a tile.
pub(super) const TILE: usize = 4;

/// What differs between the sets that use these tiles.
pub(super) trait Tile {
    /// `Σ x · w` of four rows with four channels, `[row][channel]`. All slices have one length.
    fn dots(&self, x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE];

    /// Rescales the accumulators of four channels, biases included.
    #[inline]
    fn rescale(&self, requants: &Requants, dots: [i32; TILE]) -> [i32; TILE] {
        let mut rescaled = [0; TILE];
        let places = rescaled.iter_mut().zip(dots);
        for (((place, dot), bias), (mult, shift)) in
            places.zip(requants.bias).zip(requants.mult.iter().zip(requants.shift))
        {
            *place = crate::fixed::rescale(bias + dot, *mult, shift);
        }
        rescaled
    }
}

/// Biases and requants of four channels. A missing channel has a requant in range, whose result is not
/// used.
pub(super) struct Requants {
    pub(super) bias: [i32; TILE],
    pub(super) mult: [i32; TILE],
    pub(super) shift: [u8; TILE],
}

impl Requants {
    fn new<'a>(channels: impl Iterator<Item = Channel<'a>>) -> Self {
        let mut requants = Self { bias: [0; TILE], mult: [1 << 30; TILE], shift: [32; TILE] };
        let places = requants.bias.iter_mut().zip(&mut requants.mult).zip(&mut requants.shift);
        for (((bias, mult), shift), channel) in places.zip(channels) {
            (*bias, *mult, *shift) =
                (channel.bias, channel.requant.mult(), channel.requant.shift());
        }
        requants
    }
}

/// All rows times all channels. Calls `store` with up to four rescaled channels of a row, and with
/// the part of `out` that they belong to.
#[inline]
pub(super) fn linear<T>(
    tile: &impl Tile,
    x: &[i8],
    layer: &Linear<'_>,
    out: &mut [T],
    store: impl Fn(&[i32], &mut [T]),
) {
    let (k, n) = (layer.inputs().max(1), layer.outputs().max(1));
    for (block, w) in layer.weights().chunks((TILE * k).max(1)).enumerate() {
        let first = block * TILE;
        let channels = TILE.min(n - first);
        let requants = Requants::new(layer.requants_from(first));
        let w = repeat_last(w, k);
        let tiles = x.chunks((TILE * k).max(1)).zip(out.chunks_mut((TILE * n).max(1)));
        for (x, out) in tiles {
            let dots = tile.dots(repeat_last(x, k), w);
            for (dots, out) in dots.into_iter().zip(rows_mut(out, n)) {
                let rescaled = tile.rescale(&requants, dots);
                store(part(&rescaled, 0, channels), part_mut(out, first, channels));
            }
        }
    }
}

/// Four rows. If there are fewer, the last one is used in place of the missing ones.
#[inline]
fn repeat_last(values: &[i8], len: usize) -> [&[i8]; TILE] {
    let mut all = [&[][..]; TILE];
    let mut last: &[i8] = &[];
    let mut rows = rows(values, len);
    for place in &mut all {
        last = rows.next().unwrap_or(last);
        *place = last;
    }
    all
}

/// Four rows as whole chunks of sixteen values, and the remainder of each, filled up with zeros.
pub(super) struct Chunks<'a> {
    pub(super) whole: [&'a [[i8; 16]]; TILE],
    pub(super) rest: Option<[[i8; 16]; TILE]>,
}

impl<'a> Chunks<'a> {
    #[inline]
    pub(super) fn new(rows: [&'a [i8]; TILE]) -> Self {
        let mut whole = [&[][..]; TILE];
        let mut rest = [[0; 16]; TILE];
        let mut any = false;
        for ((row, whole), rest) in rows.into_iter().zip(&mut whole).zip(&mut rest) {
            let (chunks, tail) = row.as_chunks::<16>();
            *whole = chunks;
            any |= !tail.is_empty();
            for (to, from) in rest.iter_mut().zip(tail) {
                *to = *from;
            }
        }
        Self { whole, rest: any.then_some(rest) }
    }

    /// The chunks in order, one of each row.
    #[inline]
    pub(super) fn steps(self) -> impl Iterator<Item = [&'a [i8; 16]; TILE]> {
        let [a, b, c, d] = self.whole;
        a.iter().zip(b).zip(c).zip(d).map(|(((a, b), c), d)| [a, b, c, d])
    }
}

/// The layers of a set that has a [`Tile`]: implements `linear_i8`, `linear_skip_i8` and `linear_add_i16`
/// with it.
macro_rules! tiled_layers {
    ($tile:expr) => {
        /// Same contract as [`scalar::linear_i8`](crate::kernels::scalar::linear_i8).
        fn linear_i8(x: &[i8], layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
            crate::kernels::tile::linear(&$tile, x, layer, out, |rescaled, out| {
                activation.store(rescaled, out);
            });
        }

        /// Same contract as [`scalar::linear_skip_i8`](crate::kernels::scalar::linear_skip_i8).
        fn linear_skip_i8(x: &[i8], layer: &Linear<'_>, skip: &Skip, out: &mut [i8]) {
            crate::kernels::tile::linear(&$tile, x, layer, out, |rescaled, out| {
                skip.store(rescaled, out);
            });
        }

        /// Same contract as [`scalar::linear_add_i16`](crate::kernels::scalar::linear_add_i16).
        fn linear_add_i16(x: &[i8], layer: &Linear<'_>, out: &mut [i16]) {
            crate::kernels::tile::linear(&$tile, x, layer, out, crate::kernels::operand::add_i16);
        }
    };
}
pub(super) use tiled_layers;
