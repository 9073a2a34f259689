//! All rows of inputs times all channels of a layer, tile by tile.

use super::multiply::Multiply;
use super::packing::{Group, Inputs, Memory};
use super::requant::Requants;
use super::store::Store;
use super::tile::{FEW_ROWS, ROWS, accumulate};
use super::vector::CHANNELS;
use crate::kernels::operand::Linear;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{part_mut, rows, rows_mut};
use core::arch::x86_64::__m256i;

/// Where the rows of inputs of a product come from.
pub(super) trait Source {
    /// Number of rows in a line. In the output, lines follow one another.
    fn width(&self) -> usize;

    /// Moves to a line.
    ///
    /// # Safety
    /// The processor must have AVX2.
    unsafe fn start(&mut self, line: usize);

    /// The inputs of one run, in `R` rows of the line from row `first` on.
    fn rows<const R: usize>(&self, first: usize, run: usize) -> TileRows<'_, 4, R>;
}

/// All rows of a source times all channels of a layer. The inputs of the layer must [`fit`](Inputs::fit).
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn product<M: Multiply, X: Source, S: Store>(
    source: &mut X,
    (layer, inputs): (&Linear<'_>, Inputs),
    out: &mut [S::Out],
    store: &S,
) {
    let n = layer.outputs().max(1);
    let mut memory = Memory::new();
    for first in (0..n).step_by(CHANNELS) {
        let Some((start, weights)) = memory.panel::<M>(layer, inputs, first) else { return };
        let requants = Requants::of_channels(layer, first);
        let panel = Panel { start, weights, run: inputs.run_groups(), requants };
        let place = (first, CHANNELS.min(n - first), n);
        let width = source.width().max(1);
        for (line, out) in out.chunks_mut((width * n).max(1)).enumerate() {
            // SAFETY: this function's own feature is that of `start`.
            unsafe { source.start(line) };
            for (tile, out) in out.chunks_mut((ROWS * n).max(1)).enumerate() {
                // A tile with few rows is filled up, so that code for two numbers of rows is enough.
                if out.len() > FEW_ROWS * n {
                    panel.tile::<M, X, S, ROWS>(source, ROWS * tile, place, (out, store));
                } else {
                    panel.tile::<M, X, S, FEW_ROWS>(source, ROWS * tile, place, (out, store));
                }
            }
        }
    }
}

/// The packed weights of sixteen channels.
struct Panel<'a> {
    /// The initial sums.
    start: &'a Group,
    weights: &'a [Group],
    /// Groups of a run.
    run: usize,
    requants: [Requants; 2],
}

impl Panel<'_> {
    /// `R` rows of a line from row `first` on. `place` is the first channel, the number of channels, and
    /// the number of all channels of a row.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn tile<M: Multiply, X: Source, S: Store, const R: usize>(
        &self,
        source: &X,
        first: usize,
        (channel, len, n): (usize, usize, usize),
        (out, store): (&mut [S::Out], &S),
    ) {
        let sums = self.sums::<M, X, R>(source, first);
        // By reference, because by value the sums would be copied first.
        for ([first, second], out) in sums.iter().zip(rows_mut(out, n)) {
            let [requant0, requant1] = &self.requants;
            let rescaled = [requant0.apply(*first), requant1.apply(*second)];
            // SAFETY: this function's own feature is that of `store`.
            unsafe { store.store(rescaled, part_mut(out, channel, len)) };
        }
    }

    /// The sums of `R` rows.
    ///
    /// Not inlined. Otherwise the compiler keeps requants in registers during the innermost loop, and
    /// accumulators in memory.
    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn sums<M: Multiply, X: Source, const R: usize>(
        &self,
        source: &X,
        first: usize,
    ) -> [[__m256i; 2]; R] {
        let mut acc = [self.start.load(); R];
        for (run, weights) in rows(self.weights, self.run).enumerate() {
            acc = accumulate::<M, R>(acc, source.rows(first, run), weights);
        }
        acc
    }
}
