//! The innermost products on AVX-512 VNNI: a few rows by a few vectors of channels, accumulators in
//! registers.
//!
//! Inputs are the unsigned operand of `vpdpbusd`, as `x + 128`. Therefore `128 · Σw`, summed from the
//! packed weights, is subtracted from the bias. The instruction wraps modulo `2^32` and the true sum
//! fits, so the result is exact.

use super::vector::Group;
use crate::kernels::tile_rows::TileRows;
use crate::rows::part;
use core::arch::x86_64::*;

/// Maximum number of vectors of channels whose accumulators are in registers together.
pub(super) const PANELS: usize = 5;
/// Maximum number of rows whose accumulators are in registers together. With few channels, many rows are
/// needed: an addition takes four or five cycles and up to two start in a cycle, so about ten
/// accumulators keep the processor busy.
pub(super) const ROWS: usize = 8;

/// Weights of `P` vectors of channels, as `[group of four inputs][panel][channel][input]`, and
/// `bias − 128 · Σw` of each channel.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, const P: usize> {
    pub(super) groups: &'a [[Group; P]],
    pub(super) start: [__m512i; P],
}

/// How many of the `left` vectors of channels are multiplied next, at most `room`.
///
/// Avoids a remainder of one or two vectors, which would be slow.
pub(super) const fn panels(left: usize, room: usize) -> usize {
    let max = if room < PANELS { room } else { PANELS };
    match left {
        6 if max >= 3 => 3,
        _ if left <= max => left,
        _ if max == PANELS && (left % 4 == 1 || left.is_multiple_of(PANELS)) => PANELS,
        _ if max > 4 => 4,
        _ => max,
    }
}

/// `acc + Σ (x + 128) · w`, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn accumulate<const P: usize, const R: usize>(
    mut acc: [[__m512i; P]; R],
    x: TileRows<'_, 4, R>,
    groups: &[[Group; P]],
) -> [[__m512i; P]; R] {
    for (at, weights) in part(groups, 0, x.len.min(groups.len())).iter().enumerate() {
        let x = x.rows.map(|row| {
            // SAFETY: `at < len`, and each row has `len` fours within the bytes that `new` borrowed.
            let four = unsafe { row.wrapping_add(at).read() };
            _mm512_set1_epi32(i32::from_le_bytes(four))
        });
        let weights = weights.each_ref().map(|weights| weights.load());
        for (acc, x) in acc.iter_mut().zip(x) {
            for (acc, weights) in acc.iter_mut().zip(weights) {
                *acc = _mm512_dpbusd_epi32(*acc, x, weights);
            }
        }
    }
    acc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_of_channels_is_taken_once() {
        for room in 2..8 {
            for all in 1..40 {
                let mut left = all;
                while left > 0 {
                    let next = panels(left, room);
                    assert!((1..=room.min(PANELS)).contains(&next), "{next} of {left}");
                    left -= next;
                }
            }
        }
        assert_eq!(panels(5, 8), 5, "80 channels at once");
        assert_eq!(panels(6, 8), 3, "96 channels in two halves");
    }
}
