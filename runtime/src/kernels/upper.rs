//! Rescales an accumulator by the upper word of its product alone, for processors whose registers have 32
//! bits.

use super::operand::Linear;
use crate::fixed::UPPER_SHIFTS;
use crate::rows::rows;

/// `zero_point + (acc · mult + 2^(shift − 1)) >> shift` by the upper word of the product alone.
///
/// With `shift ≥ 33` the rounding term has no bits in the lower word, so the lower word of the
/// product cannot change the result. The zero point is added before the last shift, shifted left by
/// as much.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct UpperRequant {
    pub(super) mult: i32,
    /// Rounding term and zero point, as an upper word.
    pub(super) base: i32,
    /// `shift − 32`.
    pub(super) shift: u32,
}

impl UpperRequant {
    /// Gives 0.
    pub(super) const ZERO: Self = Self { mult: 0, base: 0, shift: 1 };

    /// `None` for shifts outside [`UPPER_SHIFTS`].
    pub(super) fn new(mult: i32, shift: u8, zero: i32) -> Option<Self> {
        UPPER_SHIFTS.contains(&shift).then(|| Self::in_range(mult, shift, zero))
    }

    /// As [`Self::new`] for shifts within [`UPPER_SHIFTS`]. For others the result has no meaning.
    ///
    /// # Ranges and overflow
    /// With `0 ≤ mult < 2^31` the product's upper word is at most `2^30` in magnitude. With
    /// `−2^7 ≤ zero < 2^8` the sum of rounding term and zero point is at most `511 · 2^21 < 2^30`.
    #[inline(always)]
    pub(super) fn in_range(mult: i32, shift: u8, zero: i32) -> Self {
        let shift = u32::from(shift).wrapping_sub(32);
        let base = (zero * 2 + 1).wrapping_shl(shift.wrapping_sub(1));
        Self { mult, base, shift }
    }
}

/// Calls `store` with the place of each output and its rescaled accumulator, for layers that the
/// loops of a set do not support.
#[cold]
#[inline(never)]
pub(super) fn each_output(x: &[i8], layer: &Linear<'_>, store: &mut dyn FnMut(usize, i32)) {
    let mut at = 0;
    for x in rows(x, layer.inputs()) {
        for channel in layer.channels() {
            let products =
                x.iter().zip(channel.weights).map(|(&x, &w)| i32::from(x) * i32::from(w));
            store(at, channel.requant.apply(channel.bias + products.sum::<i32>()));
            at += 1;
        }
    }
}
