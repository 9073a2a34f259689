//! Stores the rescaled accumulators of eight channels: as i8, or added to values in memory.

use super::vector::{Vector, load_half_up_to, load16_up_to, pack, store_half_up_to, store16_up_to};
use crate::kernels::operand::Skip;

/// A way to store the rescaled accumulators of eight channels of a row.
pub(super) trait Store<V: Vector> {
    /// A stored value.
    type Out;

    /// Stores as many channels as `out` has elements, at most eight.
    fn store(&self, rescaled: [V; 2], out: &mut [Self::Out]);
}

/// Stores i8 with a zero point.
pub(super) struct StoreI8<V> {
    zero_point: V,
}

/// Adds to the residual stream, i16.
pub(super) struct AddI16;

/// Adds to the input of a residual stem stage, i8 at another scale, which `out` holds.
pub(super) struct AddI8<V: Vector> {
    input_zero_point: V,
    requant: V::Requant,
    zero_point: V,
}

impl<V: Vector> StoreI8<V> {
    #[inline]
    pub(super) fn new(zero_point: i8) -> Self {
        Self { zero_point: V::splat16(zero_point.into()) }
    }
}

impl<V: Vector> Store<V> for StoreI8<V> {
    type Out = i8;

    #[inline]
    fn store(&self, rescaled: [V; 2], out: &mut [i8]) {
        store_half_up_to(pack(rescaled, self.zero_point), out);
    }
}

impl<V: Vector> Store<V> for AddI16 {
    type Out = i16;

    #[inline]
    fn store(&self, [first, second]: [V; 2], out: &mut [i16]) {
        let before = load16_up_to::<V>(out).widen16();
        let sums = before[0].add32(first).narrow32(before[1].add32(second));
        store16_up_to(sums, out);
    }
}

impl<V: Vector> AddI8<V> {
    #[inline]
    pub(super) fn new(skip: &Skip) -> Self {
        Self {
            input_zero_point: V::splat16(skip.input_zero_point.into()),
            requant: V::requant([skip.requant.mult(); 4], [skip.requant.shift(); 4]),
            zero_point: V::splat16(skip.zero_point.into()),
        }
    }
}

impl<V: Vector> Store<V> for AddI8<V> {
    type Out = i8;

    #[inline]
    fn store(&self, [first, second]: [V; 2], out: &mut [i8]) {
        let [before, _] = load_half_up_to::<V>(out).widen8();
        let scale = V::splat32(256);
        let [lower, upper] = before
            .sub16(self.input_zero_point)
            .widen16()
            .map(|x| x.mul32(scale).rescale(&self.requant));
        let sums = [first.add32(lower), second.add32(upper)];
        store_half_up_to(pack(sums, self.zero_point), out);
    }
}
