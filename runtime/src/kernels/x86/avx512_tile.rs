//! The innermost products on AVX-512 VNNI: a few rows by a few vectors of channels, accumulators in
//! registers.
//!
//! Inputs are the unsigned side of `vpdpbusd`, as `x + 128`; `128 · Σw`, summed from the packed
//! weights, is taken off the bias. The instruction wraps modulo `2^32` and the true sum fits, so the
//! result is exact.

use super::avx512_vector::{BYTES, Group, LANES, Rescale};
use crate::rows::{part, part_mut};
use core::arch::x86_64::*;

/// Most vectors of channels whose accumulators are in registers together.
pub(super) const PANELS: usize = 5;
/// Most rows whose accumulators are in registers together. Where channels are few, rows are many: an
/// accumulator waits four or five cycles for itself, and up to two are added to in each.
pub(super) const ROWS: usize = 8;

/// `R` rows of inputs as `x + 128`, four at a time.
pub(super) type Fours<'a, const R: usize> = [&'a [[u8; 4]]; R];

/// Weights of `P` vectors of channels, as `[group of four inputs][panel][channel][input]`, and
/// `bias − 128 · Σw` of each channel.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, const P: usize> {
    pub(super) groups: &'a [[Group; P]],
    pub(super) start: [__m512i; P],
}

/// How many vectors of channels the next of `left` are multiplied with at once, where `room` would hold
/// the weights of so many.
///
/// One or two left over would be slower than one or two more each.
pub(super) const fn panels(left: usize, room: usize) -> usize {
    let most = if room < PANELS { room } else { PANELS };
    match left {
        6 if most >= 3 => 3,
        _ if left <= most => left,
        _ if left % 4 == 1 && most == PANELS => PANELS,
        _ if most > 4 => 4,
        _ => most,
    }
}

/// What happens to the rescaled accumulators of a row.
pub(super) trait Store {
    /// A stored value.
    type Out;

    /// Stores up to 64 channels, as many as `out` has.
    ///
    /// # Safety
    /// The processor must have AVX-512 F, BW, VL and VBMI.
    unsafe fn store(&self, rescaled: [__m512i; 4], out: &mut [Self::Out]);
}

/// `acc + Σ (x + 128) · w`, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn accumulate<const P: usize, const R: usize>(
    mut acc: [[__m512i; P]; R],
    x: Fours<'_, R>,
    groups: &[[Group; P]],
) -> [[__m512i; P]; R] {
    let len = x.iter().fold(groups.len(), |len, row| len.min(row.len()));
    let rows = x.map(<[_]>::as_ptr);
    for (at, weights) in part(groups, 0, len).iter().enumerate() {
        let x = rows.map(|row| {
            // SAFETY: `at` is below the length of every row.
            let four = unsafe { *row.add(at) };
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

/// Rescales of up to `P` vectors of channels, and whether one [`carries`](Rescale::carries).
pub(super) struct Rescales<const P: usize>([Rescale; P]);

impl<const P: usize> Rescales<P> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    pub(super) fn new(layer: &super::super::Linear<'_>, first: usize) -> Self {
        let mut panel = 0;
        Self([(); P].map(|()| {
            panel += 1;
            Rescale::of_channels(layer, first + (panel - 1) * LANES)
        }))
    }

    pub(super) fn carry(&self) -> bool {
        self.0.iter().any(Rescale::carries)
    }

    /// Rescales the accumulators of a row and stores as many channels as `out` has; `CARRY` where a
    /// channel [`carries`](Rescale::carries).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn store<S: Store, const CARRY: bool>(
        &self,
        acc: [__m512i; P],
        store: &S,
        out: &mut [S::Out],
    ) {
        let mut all = [_mm512_setzero_si512(); 8];
        for ((all, acc), rescale) in all.iter_mut().zip(acc).zip(&self.0) {
            *all = if CARRY { rescale.apply(acc) } else { rescale.apply_without_carry(acc) };
        }
        let [a, b, c, d, e, ..] = all;
        let zero = _mm512_setzero_si512();
        if P <= 4 {
            // SAFETY: this function's own features include those of `store`.
            return unsafe { store.store([a, b, c, d], out) };
        }
        let len = out.len();
        // SAFETY: as above.
        unsafe { store.store([a, b, c, d], part_mut(out, 0, BYTES.min(len))) };
        // SAFETY: as above.
        unsafe { store.store([e, zero, zero, zero], out.get_mut(BYTES..).unwrap_or(&mut [])) };
    }
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
