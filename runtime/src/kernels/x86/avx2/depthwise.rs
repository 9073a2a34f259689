//! Depthwise 3×3 convolution on AVX2: sixteen channels and two rows of outputs at a time.
//!
//! Two outputs, one above the other, read four values of each column. These form two pairs. `vpmaddwd`
//! multiplies a pair by two weights. For the upper output the last weight is zero. For the lower output the
//! first weight is zero. Two of the three columns of an output are kept from the output before.

use super::linear::apply_gelu;
use super::requant::Requants;
use super::vector::{CHANNELS, load_sixteen, pack, store_sixteen};
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear};
use crate::rows::{part, part_mut};
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
    let channels = band.grid.channels;
    let Some(last) = channels.checked_sub(CHANNELS) else {
        return generic::depthwise_i8(x, band, pad, layer, activation, out);
    };
    // The last vector can overlap the one before it. Its first channels are then computed twice, so that no
    // vector is partial.
    for first in (0..channels).step_by(CHANNELS).map(|first| first.min(last)) {
        let plane = Plane { x, band, first, pad };
        // SAFETY: `sets` returns a set only if the processor has AVX2.
        unsafe { plane.convolve(layer, activation.zero_point, out) };
    }
    apply_gelu(activation, out);
}

/// Two pairs of values for each of sixteen channels: the lower channels of each half of a vector and the
/// upper ones of the first pair, then those of the second pair.
type Column = [__m256i; 4];

/// Sixteen channels of the input.
struct Plane<'a> {
    x: &'a [i8],
    band: &'a Band,
    first: usize,
    pad: i8,
}

impl Plane<'_> {
    #[target_feature(enable = "avx2")]
    fn convolve(&self, layer: &Linear<'_>, zero_point: i8, out: &mut [i8]) {
        let Band { grid, rows } = self.band;
        let taps = [0, 1, 2].map(|dx| {
            [0, 1, 2].map(|dy| {
                let start = (3 * dy + dx) * grid.channels + self.first;
                widen(part(layer.weights(), start, CHANNELS))
            })
        });
        let zero = _mm256_setzero_si256();
        let upper = taps.map(|[top, middle, bottom]| column([top, middle, bottom, zero]));
        let lower = taps.map(|[top, middle, bottom]| column([zero, top, middle, bottom]));
        let start = Requants::biases(layer, self.first);
        let [requant0, requant1] = Requants::of_channels(layer, self.first);
        let outside = column([_mm256_set1_epi16(self.pad.into()); 4]);
        for row in rows.clone().step_by(2) {
            let mut columns = [outside, outside, self.column(row, 0)];
            for at in 0..grid.width {
                let [_, left, middle] = columns;
                let next = at + 1;
                let right = if next < grid.width { self.column(row, next) } else { outside };
                columns = [left, middle, right];
                let bytes = |taps: &[Column; 3]| {
                    let [mut acc0, mut acc1] = start;
                    for ([x0, x1, x2, x3], [w0, w1, w2, w3]) in columns.iter().zip(taps) {
                        acc0 = _mm256_add_epi32(acc0, _mm256_madd_epi16(*x0, *w0));
                        acc1 = _mm256_add_epi32(acc1, _mm256_madd_epi16(*x1, *w1));
                        acc0 = _mm256_add_epi32(acc0, _mm256_madd_epi16(*x2, *w2));
                        acc1 = _mm256_add_epi32(acc1, _mm256_madd_epi16(*x3, *w3));
                    }
                    pack([requant0.apply(acc0), requant1.apply(acc1)], zero_point)
                };
                self.store(bytes(&upper), (row, at), out);
                if row + 1 < rows.end {
                    self.store(bytes(&lower), (row + 1, at), out);
                }
            }
        }
    }

    /// The values of a column in the rows `row − 1` to `row + 2`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn column(&self, row: usize, at: usize) -> Column {
        let grid = self.band.grid;
        column([0, 1, 2, 3].map(|dy| match (row + dy).checked_sub(1) {
            Some(y) if y < grid.height => {
                let start = (y * grid.width + at) * grid.channels + self.first;
                widen(part(self.x, start, CHANNELS))
            }
            _ => _mm256_set1_epi16(self.pad.into()),
        }))
    }

    /// Stores the channels of a position within the rows that are written.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(&self, bytes: __m128i, (row, at): (usize, usize), out: &mut [i8]) {
        let grid = self.band.grid;
        let position = (row - self.band.rows.start) * grid.width + at;
        let start = position * grid.channels + self.first;
        store_sixteen(bytes, part_mut(out, start, CHANNELS));
    }
}

/// Sixteen i8 as i16.
#[inline]
#[target_feature(enable = "avx2")]
fn widen(values: &[i8]) -> __m256i {
    _mm256_cvtepi8_epi16(load_sixteen(values))
}

/// Interleaves four vectors of sixteen channels in pairs.
#[inline]
#[target_feature(enable = "avx2")]
fn column([a, b, c, d]: [__m256i; 4]) -> Column {
    [
        _mm256_unpacklo_epi16(a, b),
        _mm256_unpackhi_epi16(a, b),
        _mm256_unpacklo_epi16(c, d),
        _mm256_unpackhi_epi16(c, d),
    ]
}
