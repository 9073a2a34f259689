//! Products of lines of rows with panels of weights: tiles of a few rows with eight channels.

use super::multiply::{Block, CHANNELS, CHUNK, Multiply};
use super::packing::{Inputs, Memory, load_start};
use super::store::Store;
use super::vector::Vector;
use crate::kernels::operand::Linear;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{part_mut, rows_mut};

/// Maximum number of rows of a tile.
pub(super) const ROWS: usize = 8;
/// Number of rows of a tile with few rows. Fewer rows than these are filled up.
const FEW_ROWS: usize = 4;

/// Rows of inputs in lines.
pub(super) trait Source {
    /// Rows of a line.
    fn width(&self) -> usize;

    /// Prepares a line. Lines are prepared in order, several times from the first on.
    fn start(&mut self, line: usize);

    /// Rows of the line from `first` on, which exists: for each run, its chunks.
    fn rows<const R: usize>(&self, first: usize) -> impl AsRef<[TileRows<'_, CHUNK, R>]>;
}

/// Multiplies all rows with all channels.
#[inline]
pub(super) fn product<M: Multiply, X: Source, S: Store<M::V>>(
    source: &mut X,
    (layer, inputs): (&Linear<'_>, Inputs),
    out: &mut [S::Out],
    store: &S,
) {
    let n = layer.outputs().max(1);
    let line_len = (source.width().max(1) * n).max(1);
    let mut memory = Memory::new();
    for first in (0..n).step_by(CHANNELS) {
        let panel = memory.panel::<M>(layer, inputs, first);
        let panel = Panel::<M>::new(layer, first, panel);
        for (line, out) in out.chunks_mut(line_len).enumerate() {
            source.start(line);
            panel.line(source, out, store);
        }
    }
}

/// The packed weights of eight channels, and how their sums are rescaled.
struct Panel<'a, M: Multiply> {
    /// The initial sums.
    start: [M::V; 2],
    weights: &'a [Block],
    requants: [<M::V as Vector>::Requant; 2],
    /// The first channel, the number of channels, and the number of all channels of a row.
    place: (usize, usize, usize),
}

impl<'a, M: Multiply> Panel<'a, M> {
    #[inline]
    fn new(layer: &Linear<'_>, first: usize, panel: &'a [Block]) -> Self {
        let (start, weights) = match panel.split_first() {
            Some((start, weights)) => (load_start(start), weights),
            None => ([M::V::zero(); 2], &[][..]),
        };
        let n = layer.outputs().max(1);
        let place = (first, CHANNELS.min(n - first), n);
        Self { start, weights, requants: requants::<M::V>(layer, first), place }
    }

    /// All rows of a line.
    #[inline(never)]
    fn line<X: Source, S: Store<M::V>>(&self, source: &X, out: &mut [S::Out], store: &S) {
        let (_, _, n) = self.place;
        for (tile, out) in out.chunks_mut((ROWS * n).max(1)).enumerate() {
            // A tile with few rows is filled up, so that code for two numbers of rows is enough.
            if out.len() > FEW_ROWS * n {
                self.tile::<X, S, ROWS>(source, ROWS * tile, out, store);
            } else {
                self.tile::<X, S, FEW_ROWS>(source, ROWS * tile, out, store);
            }
        }
    }

    /// `R` rows of a line from row `first` on.
    #[inline]
    fn tile<X: Source, S: Store<M::V>, const R: usize>(
        &self,
        source: &X,
        first: usize,
        out: &mut [S::Out],
        store: &S,
    ) {
        let mut sums = [self.start; R];
        M::accumulate(&mut sums, source.rows::<R>(first).as_ref(), self.weights);
        let (channel, len, n) = self.place;
        let [requant0, requant1] = &self.requants;
        for ([first, second], out) in sums.iter().zip(rows_mut(out, n)) {
            let rescaled = [first.rescale(requant0), second.rescale(requant1)];
            store.store(rescaled, part_mut(out, channel, len));
        }
    }
}

/// Requants of eight channels from `first` on.
#[inline]
pub(super) fn requants<V: Vector>(layer: &Linear<'_>, first: usize) -> [V::Requant; 2] {
    let mut mults = [[1 << 30; 4]; 2];
    let mut shifts = [[32; 4]; 2];
    let places = mults.as_flattened_mut().iter_mut().zip(shifts.as_flattened_mut());
    for ((mult, shift), channel) in places.zip(layer.requants_from(first)) {
        (*mult, *shift) = (channel.requant.mult(), channel.requant.shift());
    }
    [V::requant(mults[0], shifts[0]), V::requant(mults[1], shifts[1])]
}
