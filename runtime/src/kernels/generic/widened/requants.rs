//! Rescales the accumulators of a vector of channels and stores them.

use super::panel::LANES;
use crate::fixed::{Requant, half, rescale_upper};
use crate::kernels::operand::Linear;

/// Biases and requants of [`LANES`] channels. The result of a missing channel is not used.
#[derive(Clone, Copy)]
pub(super) struct Requants {
    bias: [i32; LANES],
    mult: [i32; LANES],
    half: [i64; LANES],
    /// Shift of each product's upper word: the whole shift minus 32.
    shift: [u8; LANES],
}

impl Requants {
    pub(super) const NONE: Self =
        Self { bias: [0; LANES], mult: [0; LANES], half: [0; LANES], shift: [0; LANES] };

    #[inline]
    pub(super) fn new(layer: &Linear<'_>, first: usize) -> Self {
        let mut all = Self::NONE;
        let places = all.bias.iter_mut().zip(&mut all.mult).zip(&mut all.half).zip(&mut all.shift);
        for ((((bias, mult), rounding), shift), channel) in places.zip(layer.requants_from(first)) {
            (*bias, *mult) = (channel.bias, channel.requant.mult());
            *rounding = half(channel.requant.shift());
            *shift = channel.requant.shift() - Requant::MIN_SHIFT;
        }
        all
    }

    #[inline]
    #[expect(clippy::indexing_slicing, reason = "channels count to the lengths of arrays")]
    pub(super) fn apply(&self, acc: &[i32; LANES]) -> [i32; LANES] {
        let mut rescaled = [0; LANES];
        for channel in 0..LANES {
            let acc = self.bias[channel] + acc[channel];
            let (mult, half) = (self.mult[channel], self.half[channel]);
            rescaled[channel] = rescale_upper(acc, mult, half, self.shift[channel]);
        }
        rescaled
    }
}

/// Stores the first channels of a vector, as many as `places` has elements. A full vector is a separate
/// case, because compilers turn only loops of a known length into SIMD.
#[inline(always)]
pub(super) fn store_lanes<T>(
    rescaled: &[i32; LANES],
    places: &mut [T],
    store: &impl Fn(&[i32], &mut [T]),
) {
    if let (LANES, Some(places)) = (places.len(), places.first_chunk_mut::<LANES>()) {
        return store(rescaled, places);
    }
    store(rescaled, places);
}
