//! 3×3 convolutions on AVX-512 VNNI without a copy of each window. Three neighbouring pixels of a
//! padded row, as they lie in memory, are one row of a window.

use super::packing::Inputs;
use super::product::{Source, product};
use super::requant::no_carry;
use super::store::{AddI16, Store, StoreGelu, StoreI8};
use super::tile::{Panels, accumulate};
use super::vector::{BYTES, Table, load_bytes, store_bytes};
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::set::Conv;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{part, part_mut, rows, rows_mut, tail};
use crate::window::{Pad, Windows};
use core::arch::x86_64::*;

/// The convolutions of the AVX-512 VNNI set.
pub(super) const CONV: Conv = Conv { conv_i8, conv_add_i16 };

/// Maximum number of bytes of a padded row. It includes three bytes after the row, because the last group
/// of four can reach beyond the row. These bytes are multiplied by weights of zero.
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
    let zero_point = activation.zero_point;
    match activation.gelu {
        // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
        None => unsafe { convolve(windows, layer, out, &StoreI8 { zero_point }) },
        Some((table, _)) => {
            // SAFETY: as above.
            let table = unsafe { Table::new(table) };
            // SAFETY: as above.
            unsafe { convolve(windows, layer, out, &StoreGelu { zero_point, table }) }
        }
    }
}

/// [`linear_add_i16`](crate::kernels::scalar::linear_add_i16) over all windows.
fn conv_add_i16(windows: &Windows<'_, i8>, layer: &Linear<'_>, out: &mut [i16]) -> bool {
    // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
    unsafe { convolve(windows, layer, out, &AddI16) }
}

/// Convolves. Returns `false`, and writes nothing, if a row or a window is too long, or if
/// [`product`] does not take the layer.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn convolve<S: Store>(
    windows: &Windows<'_, i8>,
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) -> bool {
    let channels = windows.input.channels;
    let inputs = Inputs::new(layer, TAPS * channels);
    let row = (windows.input.width + 2) * channels + TAPS;
    let fits = row <= ROW && layer.inputs() == TAPS * TAPS * channels;
    if !(fits && inputs.fit() && no_carry(layer)) {
        return false;
    }
    let groups = inputs.run_groups();
    let mut padded = Padded { windows, groups, lines: [[0; ROW]; TAPS], count: 0, first: 0 };
    product(&mut padded, (layer, inputs), out, store);
    true
}

/// The last three lines of the padded grid, as `x + 128`.
struct Padded<'c> {
    windows: &'c Windows<'c, i8>,
    /// Groups of four in a row of a window.
    groups: usize,
    lines: [[i8; ROW]; TAPS],
    /// The next line that is not written yet.
    count: usize,
    /// The first line of the current windows. Line 0 lies above the grid.
    first: usize,
}

impl Padded<'_> {
    /// One of the last three lines.
    #[inline]
    fn line(&self, line: usize) -> &[u8] {
        self.lines.get(line % TAPS).map_or(&[], |line| bytemuck::cast_slice(line))
    }
}

impl Source for Padded<'_> {
    fn width(&self) -> usize {
        self.windows.output.width
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn start(&mut self, line: usize) {
        self.first = (self.windows.first + line) * self.windows.stride();
        if line == 0 {
            self.count = self.first;
        }
        while self.count < self.first + TAPS {
            let line = self.count;
            self.count += 1;
            if let Some(place) = self.lines.get_mut(line % TAPS) {
                fill(place, self.windows, line);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    unsafe fn products<const P: usize, const R: usize>(
        &mut self,
        first: usize,
        panels: &Panels<'_, P>,
    ) -> [[__m512i; P]; R] {
        let step = self.windows.stride() * self.windows.input.channels;
        let count = R.min(self.width().saturating_sub(first));
        let mut acc = [panels.start; R];
        for (tap, weights) in rows(panels.groups, self.groups).enumerate() {
            let line = tail(self.line(self.first + tap), first * step);
            acc = accumulate(acc, TileRows::new(line, (4 * self.groups, step), count), weights);
        }
        acc
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
    let Some(x) = windows.line(line) else {
        for pixel in rows_mut(part_mut(place, 0, len + 2 * channels), channels) {
            pad.fill(pixel);
        }
        return;
    };
    pad.fill(part_mut(place, 0, channels));
    pad.fill(part_mut(place, channels + len, channels));
    let flip = _mm512_set1_epi8(i8::MIN);
    let (x, place) = (part(x, 0, len), part_mut(place, channels, len));
    for (place, x) in place.chunks_mut(BYTES).zip(x.chunks(BYTES)) {
        store_bytes(_mm512_xor_si512(load_bytes(x), flip), place);
    }
}
