//! Matrix products on AVX-512 VNNI: rows times all channels of a layer.

use super::super::Linear;
use super::avx512_packing::{Inputs, Memory};
use super::avx512_rows::Rows;
use super::avx512_tile::{PANELS, Panels, Rescales, Store, accumulate};
use super::avx512_vector::{BYTES, LANES};
use crate::rows::{part_mut, rows_mut};
use core::arch::x86_64::*;

/// All rows times all channels, for inputs that [`fit`](Inputs::fit).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn product<S: Store>(x: &[i8], layer: &Linear<'_>, out: &mut [S::Out], store: &S) {
    let k = layer.inputs();
    let inputs = Inputs::new(layer, k);
    let n = layer.outputs().max(1);
    let len = (x.len() / k.max(1)).min(out.len() / n) * n;
    let out = part_mut(out, 0, len);
    let mut memory = Memory::new();
    let mut room = Rows::ROOM;
    let mut rows = Rows::new(x, k, &mut room);
    let mut first = 0;
    while first < layer.outputs() {
        let panels = inputs.panels(layer, (layer.outputs() - first).div_ceil(LANES));
        let mut task = Task { layer, inputs, memory: &mut memory, rows: &mut rows, first };
        match panels {
            1 => task.run::<S, 1, 8>(out, store),
            2 => task.run::<S, 2, 8>(out, store),
            3 => task.run::<S, 3, 4>(out, store),
            4 => task.run::<S, 4, 4>(out, store),
            _ => task.run::<S, PANELS, 4>(out, store),
        }
        first += panels * LANES;
    }
}

/// All rows times the channels from `first` on.
struct Task<'t, 'a> {
    layer: &'t Linear<'a>,
    inputs: Inputs,
    memory: &'t mut Memory,
    rows: &'t mut Rows<'a>,
    first: usize,
}

impl Task<'_, '_> {
    /// `P` vectors of channels, `R` rows at a time.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const P: usize, const R: usize>(&mut self, out: &mut [S::Out], store: &S) {
        let panels = self.memory.panels::<P>(self.layer, self.inputs, self.first);
        let rescales = Rescales::new(self.layer, self.first);
        let ahead = Ahead::new::<P>(self.layer, self.inputs, self.first);
        let tiles = Tiles { panels, rescales, ahead, first: self.first, n: self.layer.outputs() };
        // Two loops, since a choice within one takes the accumulators out of their registers.
        if tiles.rescales.carry() {
            tiles.run::<S, R, true>(self.rows, out, store);
        } else {
            tiles.run::<S, R, false>(self.rows, out, store);
        }
    }
}

/// What the rows share.
struct Tiles<'a, const P: usize> {
    panels: Panels<'a, P>,
    rescales: Rescales<P>,
    ahead: Ahead,
    first: usize,
    /// Channels of the layer.
    n: usize,
}

impl<const P: usize> Tiles<'_, P> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store, const R: usize, const CARRY: bool>(
        mut self,
        rows: &mut Rows<'_>,
        out: &mut [S::Out],
        store: &S,
    ) {
        let n = self.n.max(1);
        let len = (P * LANES).min(n - self.first);
        self.ahead.spread(out.len() / (R * n).max(1));
        for (index, out) in out.chunks_mut((R * n).max(1)).enumerate() {
            self.ahead.step();
            let x = rows.tile::<R>(index * R);
            let acc = accumulate([self.panels.start; R], x, self.panels.groups);
            for (acc, out) in acc.into_iter().zip(rows_mut(out, n)) {
                self.rescales.store::<S, CARRY>(acc, store, part_mut(out, self.first, len));
            }
        }
    }
}

/// Weights to fetch before they are read: those that are read next. What follows a layer's weights in a
/// blob is the layer that runs next.
pub(super) struct Ahead {
    at: *const i8,
    bytes: usize,
    lines: usize,
}

impl Ahead {
    /// What follows the weights of `P` vectors of channels from `first` on.
    #[inline]
    pub(super) fn new<const P: usize>(layer: &Linear<'_>, inputs: Inputs, first: usize) -> Self {
        let packed = layer.packed();
        let (channel, from) = if packed.is_empty() {
            (layer.inputs(), layer.weights().as_ptr())
        } else {
            (BYTES * inputs.panel_groups() / LANES, packed.as_ptr().cast())
        };
        let at = from.wrapping_add((first + P * LANES) * channel);
        Self { at, bytes: P * LANES * channel, lines: 0 }
    }

    /// As many again, in `steps` steps.
    #[inline]
    pub(super) fn spread(&mut self, steps: usize) {
        self.lines = (self.bytes / BYTES).checked_div(steps).unwrap_or(0) + 1;
    }

    #[inline]
    #[target_feature(enable = "sse")]
    pub(super) fn step(&mut self) {
        for _ in 0..self.lines {
            _mm_prefetch::<_MM_HINT_T0>(self.at);
            self.at = self.at.wrapping_add(BYTES);
        }
    }
}
