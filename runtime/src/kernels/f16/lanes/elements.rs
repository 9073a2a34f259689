//! GELU of each value.

use super::functions;
use super::vector::Lanes;

/// [`scalar::gelu`](crate::kernels::f16::scalar::gelu).
#[inline(always)]
pub(in crate::kernels) fn gelu<S: Lanes>(s: S, values: &mut [f32]) {
    for values in values.chunks_mut(S::LANES) {
        s.store_some(functions::gelu(s, s.load_some(values)), values);
    }
}
