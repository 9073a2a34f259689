//! Depthwise 3×3 convolution on AVX-512 VNNI: 64 channels and two rows of outputs at a time.
//!
//! Two outputs, one above the other, read four values of each column. `vpdpbusd` multiplies these four
//! bytes, as `x + 128`, by four weights. For the upper output the last weight is zero, for the lower output
//! the first one. Two of the three columns of an output are kept from the output before.

use super::requant::{Requants, no_carry};
use super::vector::{BYTES, Table, byte_lanes, load_bytes, pack_lanes};
use crate::config::Grid;
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear};
use crate::rows::part;
use crate::window::Band;
use core::arch::x86_64::*;

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    band: &Band,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    let grid = band.grid;
    let fits = band.rows.end <= grid.height
        && out.len() >= band.rows.len() * grid.width * grid.channels
        && x.len() >= grid.len();
    if !fits || !no_carry(layer) {
        return generic::depthwise_i8(x, band, pad, layer, activation, out);
    }
    for first in (0..grid.channels).step_by(BYTES) {
        let len = BYTES.min(grid.channels - first);
        let plane = Plane { x, band, grid, first, mask: byte_lanes(len), pad };
        // SAFETY: `sets` returns this set only if the processor has every feature that the function names.
        unsafe { plane.convolve(layer, activation, out) };
    }
}

/// Four vectors that hold four bytes for each of 64 channels, in the order of [`pack_lanes`].
type Column = [__m512i; 4];

/// Up to 64 channels of the input, which has as many values as its grid.
struct Plane<'a> {
    x: &'a [i8],
    band: &'a Band,
    grid: Grid,
    first: usize,
    /// One bit for each channel.
    mask: u64,
    pad: i8,
}

impl Plane<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn convolve(&self, layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
        let taps = [0, 1, 2].map(|dx| {
            [0, 1, 2].map(|dy| {
                let start = (3 * dy + dx) * self.grid.channels + self.first;
                let len = BYTES.min(self.grid.channels - self.first);
                load_bytes(part(layer.weights(), start, len))
            })
        });
        let zero = _mm512_setzero_si512();
        let upper = taps.map(|[top, middle, bottom]| column([top, middle, bottom, zero]));
        let lower = taps.map(|[top, middle, bottom]| column([zero, top, middle, bottom]));
        let all = Requants::of_lanes(layer, self.first);
        let requants = all.map(|(_, requant)| requant);
        let start = start(all.map(|(bias, _)| bias), upper);
        let table = activation.gelu.map(|(table, _)| Table::new(table));
        let outside = column([_mm512_set1_epi8(self.pad ^ i8::MIN); 4]);
        for row in self.band.rows.clone().step_by(2) {
            let mut columns = [outside, outside, self.column(row, 0)];
            for at in 0..self.grid.width {
                let [_, left, middle] = columns;
                let next = at + 1;
                let right = if next < self.grid.width { self.column(row, next) } else { outside };
                columns = [left, middle, right];
                let bytes = |taps: &[Column; 3]| {
                    let mut acc = start;
                    for (column, taps) in columns.iter().zip(taps) {
                        for ((acc, x), w) in acc.iter_mut().zip(column).zip(taps) {
                            *acc = _mm512_dpbusd_epi32(*acc, *x, *w);
                        }
                    }
                    for (acc, requant) in acc.iter_mut().zip(&requants) {
                        *acc = requant.apply_without_carry(*acc);
                    }
                    let bytes = pack_lanes(acc, activation.zero_point);
                    table.as_ref().map_or(bytes, |table| table.look_up(bytes))
                };
                self.store(bytes(&upper), (row, at), out);
                if row + 1 < self.band.rows.end {
                    self.store(bytes(&lower), (row + 1, at), out);
                }
            }
        }
    }

    /// The values of a column in the rows `row − 1` to `row + 2`, as `x + 128`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn column(&self, row: usize, at: usize) -> Column {
        let flip = _mm512_set1_epi8(i8::MIN);
        column([0, 1, 2, 3].map(|dy| {
            let values = match (row + dy).checked_sub(1) {
                Some(y) if y < self.grid.height => self.load((y, at)),
                _ => _mm512_set1_epi8(self.pad),
            };
            _mm512_xor_si512(values, flip)
        }))
    }

    /// Where the channels of a position within the grid begin.
    #[inline]
    const fn start(&self, (row, at): (usize, usize)) -> usize {
        (row * self.grid.width + at) * self.grid.channels + self.first
    }

    /// The channels of a position within the grid.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load(&self, position: (usize, usize)) -> __m512i {
        let first = self.x.as_ptr().wrapping_add(self.start(position));
        // SAFETY: the input has all values of the grid, and the mask has no bit after its last channel.
        unsafe { _mm512_maskz_loadu_epi8(self.mask, first) }
    }

    /// Stores the channels of a position within the rows that are written.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn store(&self, bytes: __m512i, position: (usize, usize), out: &mut [i8]) {
        let position = (position.0 - self.band.rows.start, position.1);
        let first = out.as_mut_ptr().wrapping_add(self.start(position));
        // SAFETY: the output has all values of those rows, and the mask has no bit after its last channel.
        unsafe { _mm512_mask_storeu_epi8(first, self.mask, bytes) };
    }
}

/// Subtracts `128 · Σw` from the initial accumulators, because inputs are read as `x + 128`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn start(mut start: Column, taps: [Column; 3]) -> Column {
    let offset = _mm512_set1_epi8(i8::MIN);
    for column in taps {
        // `vpdpbusd` can only add. Negating the weights is not possible, because 128 does not fit i8.
        for (start, w) in start.iter_mut().zip(column) {
            let sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), offset, w);
            *start = _mm512_sub_epi32(*start, sum);
        }
    }
    start
}

/// Interleaves four vectors of 64 channels, so that four bytes of each channel lie side by side.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn column([a, b, c, d]: [__m512i; 4]) -> Column {
    let (ab_low, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
    [
        _mm512_unpacklo_epi16(ab_low, cd_low),
        _mm512_unpackhi_epi16(ab_low, cd_low),
        _mm512_unpacklo_epi16(ab_high, cd_high),
        _mm512_unpackhi_epi16(ab_high, cd_high),
    ]
}
