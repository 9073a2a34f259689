//! Depthwise 3×3 convolution on AVX-512: sixteen channels a vector, taps in registers.

use super::super::scalar::window_position;
use super::super::{Activation, Linear};
use super::avx512_vnni::{Rescales, Store, StoreI8, lanes, look_up};
use super::panel::CHANNELS;
use crate::config::Grid;
use crate::rows::{part, part_mut, rows};
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
    // SAFETY: `sets` gives out this set only where the processor has every feature named below.
    unsafe { channels(x, grid, pad, layer, activation.zero_point, out) };
    if let Some((table, _)) = activation.gelu {
        // SAFETY: as above.
        unsafe { look_up(table, out) };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn channels(x: &[i8], grid: Grid, pad: i8, layer: &Linear<'_>, zero_point: i8, out: &mut [i8]) {
    let channels = grid.channels.max(1);
    let store = StoreI8 { zero_point: zero_point.into() };
    let pad = _mm256_set1_epi16(pad.into());
    for first in (0..channels).step_by(CHANNELS) {
        let count = CHANNELS.min(channels - first);
        let mut taps = [_mm256_setzero_si256(); 9];
        for (tap, weights) in taps.iter_mut().zip(rows(layer.weights(), channels)) {
            *tap = widen(part(weights, first, count));
        }
        let rescales = Rescales::new(layer, first);
        for row in 0..grid.height {
            for column in 0..grid.width {
                let mut acc = rescales.bias();
                for (tap, &weights) in taps.iter().enumerate() {
                    let values = match window_position(grid, row, column, tap) {
                        Some(at) => widen(part(x, at * channels + first, count)),
                        None => pad,
                    };
                    // A product of two i8 fits i16.
                    let product = _mm256_mullo_epi16(values, weights);
                    acc = _mm512_add_epi32(acc, _mm512_cvtepi16_epi32(product));
                }
                let at = (row * grid.width + column) * channels + first;
                let rescaled = rescales.apply(acc);
                // SAFETY: this function's own features include those of `store`.
                unsafe { store.store(rescaled, part_mut(out, at, count)) };
            }
        }
    }
}

/// Up to sixteen i8 as i16, zeros beyond.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn widen(values: &[i8]) -> __m256i {
    // SAFETY: the mask has one bit for each value, at most sixteen.
    _mm256_cvtepi8_epi16(unsafe { _mm_maskz_loadu_epi8(lanes(values.len()), values.as_ptr()) })
}
