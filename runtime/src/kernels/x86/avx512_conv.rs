//! 3×3 convolutions on AVX-512 VNNI without a copy of each window: of a padded row as it lies in
//! memory, three pixels side by side are a row of a window.

use super::super::{Activation, Conv, Linear};
use super::avx512_packing::{Inputs, Memory};
use super::avx512_tile::{Fours, PANELS, Panels, Rescales, Store, accumulate};
use super::avx512_vector::{BYTES, LANES, Table, load_bytes, store_bytes};
use super::avx512_vnni::{AddI16, StoreGelu, StoreI8};
use crate::rows::{part, part_mut, rows, rows_mut};
use crate::window::{Pad, Windows};
use core::arch::x86_64::*;

/// The convolutions of the AVX-512 VNNI set.
pub(super) const CONV: Conv = Conv { conv_i8, conv_add_i16 };

/// Bytes of a padded row, and three more that meet weights of zero.
const ROW: usize = 4096;
/// Rows of a window.
const TAPS: usize = 3;

/// [`linear_i8`](crate::kernels::scalar::linear_i8) over all windows.
fn conv_i8(
    windows: &Windows<'_, i8>,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) -> bool {
    let Some(conv) = Convolution::new(windows, layer) else { return false };
    let zero_point = activation.zero_point;
    match activation.gelu {
        // SAFETY: `sets` gives out this set only where the processor has every feature named below.
        None => unsafe { conv.run(out, &StoreI8 { zero_point }) },
        Some((table, _)) => {
            // SAFETY: as above.
            let table = unsafe { Table::new(table) };
            // SAFETY: as above.
            unsafe { conv.run(out, &StoreGelu { zero_point, table }) }
        }
    }
    true
}

/// [`linear_add_i16`](crate::kernels::scalar::linear_add_i16) over all windows.
fn conv_add_i16(windows: &Windows<'_, i8>, layer: &Linear<'_>, out: &mut [i16]) -> bool {
    let Some(conv) = Convolution::new(windows, layer) else { return false };
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { conv.run(out, &AddI16) };
    true
}

/// One convolution.
struct Convolution<'c, 'a> {
    windows: &'c Windows<'c, i8>,
    layer: &'c Linear<'a>,
    inputs: Inputs,
}

impl<'c, 'a> Convolution<'c, 'a> {
    /// `None` if a row or a window is too long.
    fn new(windows: &'c Windows<'c, i8>, layer: &'c Linear<'a>) -> Option<Self> {
        let channels = windows.input.channels;
        let inputs = Inputs::new(layer, TAPS * channels);
        let row = (windows.input.width + 2) * channels + TAPS;
        let fits = row <= ROW && inputs.fit() && layer.inputs() == TAPS * TAPS * channels;
        fits.then_some(Self { windows, layer, inputs })
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn run<S: Store>(&self, out: &mut [S::Out], store: &S) {
        let mut memory = Memory::new();
        let mut first = 0;
        while first < self.layer.outputs() {
            let left = (self.layer.outputs() - first).div_ceil(LANES);
            let panels = self.inputs.panels(self.layer, left);
            match panels {
                1 => self.channels::<S, 1, 8>(&mut memory, first, out, store),
                2 => self.channels::<S, 2, 8>(&mut memory, first, out, store),
                3 => self.channels::<S, 3, 4>(&mut memory, first, out, store),
                4 => self.channels::<S, 4, 4>(&mut memory, first, out, store),
                _ => self.channels::<S, PANELS, 4>(&mut memory, first, out, store),
            }
            first += panels * LANES;
        }
    }

    /// `P` vectors of channels from `first` on, `R` windows at a time.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn channels<S: Store, const P: usize, const R: usize>(
        &self,
        memory: &mut Memory,
        first: usize,
        out: &mut [S::Out],
        store: &S,
    ) {
        let panels = memory.panels(self.layer, self.inputs, first);
        let rescales = Rescales::new(self.layer, first);
        // Two loops, since a choice within one takes the accumulators out of their registers.
        if rescales.carry() {
            self.tiles::<S, P, R, true>(&panels, &rescales, first, out, store);
        } else {
            self.tiles::<S, P, R, false>(&panels, &rescales, first, out, store);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn tiles<S: Store, const P: usize, const R: usize, const CARRY: bool>(
        &self,
        panels: &Panels<'_, P>,
        rescales: &Rescales<P>,
        first: usize,
        out: &mut [S::Out],
        store: &S,
    ) {
        let n = self.layer.outputs().max(1);
        let len = (P * LANES).min(n - first);
        let step = self.windows.stride() * self.windows.input.channels;
        let groups = self.inputs.run_groups();
        let mut padded = Padded::new(self.windows);
        let row_len = (self.windows.output.width * n).max(1);
        for (row, out) in rows_mut(out, row_len).enumerate() {
            padded.advance(row * self.windows.stride() + TAPS);
            for (index, out) in out.chunks_mut((R * n).max(1)).enumerate() {
                let start = index * R * step;
                let mut acc = [panels.start; R];
                for (tap, weights) in rows(panels.groups, groups).enumerate().take(TAPS) {
                    let line = padded.line(row * self.windows.stride() + tap);
                    acc = accumulate(acc, fours(line, start, step, 4 * groups), weights);
                }
                for (acc, out) in acc.into_iter().zip(rows_mut(out, n)) {
                    rescales.store::<S, CARRY>(acc, store, part_mut(out, first, len));
                }
            }
        }
    }
}

/// The rows of `R` neighbouring windows, of `len` bytes each; the first one where a line ends.
#[inline]
fn fours<const R: usize>(line: &[u8], start: usize, step: usize, len: usize) -> Fours<'_, R> {
    let row = |row: usize| part(line, start + row * step, len).as_chunks::<4>().0;
    let first = row(0);
    core::array::from_fn(|index| {
        let row = row(index);
        if row.is_empty() { first } else { row }
    })
}

/// The last three lines of the padded grid, as `x + 128`.
struct Padded<'c> {
    windows: &'c Windows<'c, i8>,
    lines: [[i8; ROW]; TAPS],
    /// Lines that have been there so far.
    count: usize,
}

impl<'c> Padded<'c> {
    fn new(windows: &'c Windows<'c, i8>) -> Self {
        Self { windows, lines: [[0; ROW]; TAPS], count: 0 }
    }

    /// Goes on to the first `count` lines; line 0 lies above the grid.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn advance(&mut self, count: usize) {
        while self.count < count {
            let line = self.count;
            self.count += 1;
            if let Some(place) = self.lines.get_mut(line % TAPS) {
                fill(place, self.windows, line);
            }
        }
    }

    /// One of the last three lines.
    #[inline]
    fn line(&self, line: usize) -> &[u8] {
        self.lines.get(line % TAPS).map_or(&[], |line| bytemuck::cast_slice(line))
    }
}

/// Writes a line of the padded grid.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn fill(place: &mut [i8; ROW], windows: &Windows<'_, i8>, line: usize) {
    let (width, channels) = (windows.input.width, windows.input.channels);
    let pad = match windows.pad {
        Pad::Image(zeros) => Pad::Image(zeros.map(|zero| zero ^ i8::MIN)),
        Pad::Zero(zero) => Pad::Zero(zero ^ i8::MIN),
    };
    let len = width * channels;
    let Some(y) = line.checked_sub(1).filter(|&y| y < windows.input.height) else {
        for pixel in rows_mut(part_mut(place, 0, len + 2 * channels), channels) {
            pad.fill(pixel);
        }
        return;
    };
    pad.fill(part_mut(place, 0, channels));
    pad.fill(part_mut(place, channels + len, channels));
    let flip = _mm512_set1_epi8(i8::MIN);
    let (x, place) = (part(windows.x, y * len, len), part_mut(place, channels, len));
    for (place, x) in place.chunks_mut(BYTES).zip(x.chunks(BYTES)) {
        store_bytes(_mm512_xor_si512(load_bytes(x), flip), place);
    }
}
