//! All rows of inputs times all channels of a layer, tile by tile.

use super::packing::{Inputs, Memory};
use super::requant::Requants;
use super::store::Store;
use super::tile::{PANELS, Panels, ROWS};
use super::vector::{BYTES, LANES};
use crate::kernels::operand::Linear;
use crate::rows::{part_mut, rows_mut};
use core::arch::x86_64::*;

/// Where the rows of inputs of a product come from.
pub(super) trait Source {
    /// Rows of one line; lines follow one another in the output.
    fn width(&self) -> usize;

    /// Moves to a line.
    ///
    /// # Safety
    /// The processor must have AVX-512 F and BW.
    unsafe fn start(&mut self, line: usize);

    /// `start + Σ (x + 128) · w`, modulo `2^32`, for `R` rows of the line from `first` on. The sums of rows
    /// after the last one are not used.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW and VNNI.
    unsafe fn products<const P: usize, const R: usize>(
        &mut self,
        first: usize,
        panels: &Panels<'_, P>,
    ) -> [[__m512i; P]; R];
}

/// All rows of a source times all channels of a layer. The inputs of the layer must [`fit`](Inputs::fit).
/// No channel may need a carry, see [`Requants::carries`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn product<X: Source, S: Store>(
    source: &mut X,
    (layer, inputs): (&Linear<'_>, Inputs),
    out: &mut [S::Out],
    store: &S,
) {
    let mut memory = Memory::new();
    let mut first = 0;
    while first < layer.outputs() {
        let panels = inputs.panels(layer, (layer.outputs() - first).div_ceil(LANES));
        let mut task = Task { source, layer, inputs, memory: &mut memory, first };
        match panels {
            1 => task.run::<S, 1, ROWS>(out, store),
            2 => task.run::<S, 2, ROWS>(out, store),
            3 => task.run::<S, 3, 4>(out, store),
            4 => task.run::<S, 4, 4>(out, store),
            _ => task.run::<S, PANELS, 4>(out, store),
        }
        first += panels * LANES;
    }
}

/// The channels of a product from `first` on.
struct Task<'t, 'a, X> {
    source: &'t mut X,
    layer: &'t Linear<'a>,
    inputs: Inputs,
    memory: &'t mut Memory,
    first: usize,
}

impl<X: Source> Task<'_, '_, X> {
    /// `P` vectors of channels, `R` rows at a time.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const P: usize, const R: usize>(&mut self, out: &mut [S::Out], store: &S) {
        let Self { layer, inputs, first, .. } = *self;
        let n = layer.outputs().max(1);
        let mut ahead = Ahead::new(layer, inputs, (first, P), out.len() / (R * n).max(1));
        let panels = self.memory.panels::<P>(layer, inputs, first);
        let requants =
            core::array::from_fn(|panel| Requants::of_channels(layer, first + panel * LANES));
        let len = (P * LANES).min(n - first);
        let width = self.source.width().max(1);
        for (line, out) in out.chunks_mut((width * n).max(1)).enumerate() {
            // SAFETY: this function's own features include those of `start`.
            unsafe { self.source.start(line) };
            for (tile, out) in out.chunks_mut((R * n).max(1)).enumerate() {
                ahead.step();
                // SAFETY: as above.
                let acc = unsafe { self.source.products::<P, R>(R * tile, &panels) };
                let mut rows = rows_mut(out, n);
                // Row by row: in a loop, the accumulators would go through memory.
                macro_rules! row {
                    ($($row:literal)*) => {$(
                        if let (Some(acc), Some(out)) = (acc.get($row), rows.next()) {
                            store_row::<X, S, P, R>(acc, &requants, store, part_mut(out, first, len));
                        }
                    )*};
                }
                row!(0 1 2 3 4 5 6 7);
            }
        }
    }
}

/// Rescales the accumulators of a row and stores them. `X` and `R` make an instance for each caller,
/// because compilers inline a function that is called from one place.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn store_row<X, S: Store, const P: usize, const R: usize>(
    acc: &[__m512i; P],
    requants: &[Requants; P],
    store: &S,
    out: &mut [S::Out],
) {
    let mut all = [_mm512_setzero_si512(); 8];
    for ((all, acc), requant) in all.iter_mut().zip(acc).zip(requants) {
        *all = requant.apply_without_carry(*acc);
    }
    let [a, b, c, d, e, ..] = all;
    let fours = [a, b, c, d];
    match P {
        // SAFETY: this function's own features include those of `store`.
        1 => unsafe { store.store::<1>(fours, out) },
        // SAFETY: as above.
        2 => unsafe { store.store::<2>(fours, out) },
        // SAFETY: as above.
        3 => unsafe { store.store::<3>(fours, out) },
        // SAFETY: as above.
        4 => unsafe { store.store::<4>(fours, out) },
        _ => {
            let (out, rest) = out.split_at_mut(BYTES.min(out.len()));
            // SAFETY: as above.
            unsafe { store.store::<4>(fours, out) };
            // SAFETY: as above.
            unsafe { store.store::<1>([e, b, c, d], rest) };
        }
    }
}

/// Fetches the next weights into the cache. In a blob, the weights of the next layer follow.
struct Ahead {
    at: *const i8,
    lines: usize,
}

impl Ahead {
    /// Fetches the weights that follow those of `panels` vectors of channels from `first` on. Fetches as
    /// many as these vectors have, in `steps` steps.
    #[inline]
    fn new(
        layer: &Linear<'_>,
        inputs: Inputs,
        (first, panels): (usize, usize),
        steps: usize,
    ) -> Self {
        let packed = layer.packed();
        let (channel, from) = if packed.is_empty() {
            (layer.inputs(), layer.weights().as_ptr())
        } else {
            (BYTES * inputs.panel_groups() / LANES, packed.as_ptr().cast())
        };
        let at = from.wrapping_add((first + panels * LANES) * channel);
        let lines = panels * LANES * channel / BYTES;
        Self { at, lines: lines.checked_div(steps).unwrap_or(0) + 1 }
    }

    #[inline]
    #[target_feature(enable = "sse")]
    fn step(&mut self) {
        for _ in 0..self.lines {
            _mm_prefetch::<_MM_HINT_T0>(self.at);
            self.at = self.at.wrapping_add(BYTES);
        }
    }
}
