//! Depthwise 3×3 convolution on AVX-512 VNNI: 64 channels at a time, a column of three values a
//! product.
//!
//! The three values of a column of one channel are four bytes, the last one zero, for `vpdpbusd` as
//! `x + 128`. Of the three columns under an output two are those of the output before it.

use super::super::{Activation, Linear};
use super::avx512_vector::{BYTES, Rescale, Table, load_bytes, pack_lanes, store_bytes};
use crate::config::Grid;
use crate::rows::{part, part_mut};
use core::arch::x86_64::*;

/// Same contract as [`scalar::depthwise_i8`](crate::kernels::scalar::depthwise_i8).
pub(super) fn depthwise_i8(
    x: &[i8],
    grid: Grid,
    pad: i8,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) {
    for first in (0..grid.channels).step_by(BYTES) {
        let plane = Plane { x, grid, first, len: BYTES.min(grid.channels - first) };
        // SAFETY: `sets` gives out this set only where the processor has every feature named below.
        unsafe { plane.convolve(pad, layer, activation, out) };
    }
}

/// Four vectors that hold three bytes for each of 64 channels, in the order of [`pack_lanes`].
type Column = [__m512i; 4];

/// Up to 64 channels of the input.
struct Plane<'a> {
    x: &'a [i8],
    grid: Grid,
    first: usize,
    len: usize,
}

impl Plane<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
    fn convolve(&self, pad: i8, layer: &Linear<'_>, activation: &Activation<'_>, out: &mut [i8]) {
        let taps = [0, 1, 2].map(|dx| {
            column([0, 1, 2].map(|dy| {
                let start = (3 * dy + dx) * self.grid.channels + self.first;
                load_bytes(part(layer.weights(), start, self.len))
            }))
        });
        let (start, rescales) = parameters(layer, self.first, taps);
        let table = activation.gelu.map(|(table, _)| Table::new(table));
        let pad = _mm512_set1_epi8(pad ^ i8::MIN);
        let outside = column([pad; 3]);
        for row in 0..self.grid.height {
            let mut columns = [outside, outside, self.column(row, 0, pad)];
            for at in 0..self.grid.width {
                let [_, left, middle] = columns;
                let next = at + 1;
                let right =
                    if next < self.grid.width { self.column(row, next, pad) } else { outside };
                columns = [left, middle, right];
                let mut acc = start;
                for (column, taps) in columns.iter().zip(taps) {
                    for ((acc, x), w) in acc.iter_mut().zip(column).zip(taps) {
                        *acc = _mm512_dpbusd_epi32(*acc, *x, w);
                    }
                }
                for (acc, rescale) in acc.iter_mut().zip(&rescales) {
                    *acc = rescale.apply(*acc);
                }
                let mut bytes = pack_lanes(acc, activation.zero_point);
                if let Some(table) = &table {
                    bytes = table.look_up(bytes);
                }
                let start = (row * self.grid.width + at) * self.grid.channels + self.first;
                store_bytes(bytes, part_mut(out, start, self.len));
            }
        }
    }

    /// The column of values around a position, `x + 128`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn column(&self, row: usize, at: usize, pad: __m512i) -> Column {
        let flip = _mm512_set1_epi8(i8::MIN);
        column([0, 1, 2].map(|dy| match (row + dy).checked_sub(1) {
            Some(y) if y < self.grid.height => {
                let start = (y * self.grid.width + at) * self.grid.channels + self.first;
                _mm512_xor_si512(load_bytes(part(self.x, start, self.len)), flip)
            }
            _ => pad,
        }))
    }
}

/// Initial accumulators, less `128 · Σw`, and rescales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn parameters(layer: &Linear<'_>, first: usize, taps: [Column; 3]) -> (Column, [Rescale; 4]) {
    let all = Rescale::of_lanes(layer, first);
    let mut start = all.map(|(bias, _)| bias);
    let offset = _mm512_set1_epi8(i8::MIN);
    for column in taps {
        // 128 as the unsigned side, taken off by negated weights: −(−128) does not fit i8, so the
        // sum is formed first.
        for (start, w) in start.iter_mut().zip(column) {
            let sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), offset, w);
            *start = _mm512_sub_epi32(*start, sum);
        }
    }
    (start, all.map(|(_, rescale)| rescale))
}

/// Three rows of 64 bytes as three bytes of four for each channel.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn column([top, middle, bottom]: [__m512i; 3]) -> Column {
    let zero = _mm512_setzero_si512();
    let (low, high) = (_mm512_unpacklo_epi8(top, middle), _mm512_unpackhi_epi8(top, middle));
    let (low_rest, high_rest) =
        (_mm512_unpacklo_epi8(bottom, zero), _mm512_unpackhi_epi8(bottom, zero));
    [
        _mm512_unpacklo_epi16(low, low_rest),
        _mm512_unpackhi_epi16(low, low_rest),
        _mm512_unpacklo_epi16(high, high_rest),
        _mm512_unpackhi_epi16(high, high_rest),
    ]
}
