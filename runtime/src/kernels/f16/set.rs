//! A set of kernels as a value.

use super::operand::{F16Attention, F16Linear, F16Norm};
use crate::window::Band;

/// One set of kernels for [`F16`](crate::F16). The contracts are those of the functions in
/// [`scalar`](super::scalar).
#[derive(Clone, Copy)]
pub struct F16Kernels {
    /// Name of the set.
    pub name: &'static str,
    /// [`scalar::linear`](super::scalar::linear).
    #[doc(hidden)]
    pub linear: fn(&[f32], &F16Linear<'_>, &mut [f32]),
    /// [`scalar::linear_add`](super::scalar::linear_add).
    #[doc(hidden)]
    pub linear_add: fn(&[f32], &F16Linear<'_>, &mut [f32]),
    /// [`scalar::depthwise`](super::scalar::depthwise).
    #[doc(hidden)]
    pub depthwise: fn(&[f32], &Band, &F16Linear<'_>, &mut [f32]),
    /// [`scalar::gelu`](super::scalar::gelu).
    #[doc(hidden)]
    pub gelu: fn(&mut [f32]),
    /// [`scalar::norm`](super::scalar::norm).
    #[doc(hidden)]
    pub norm: fn(&[f32], &F16Norm<'_>, &mut [f32]),
    /// [`scalar::attention`](super::scalar::attention).
    #[doc(hidden)]
    pub attention: fn(&mut [f32], &F16Attention, &mut [f32]),
}

impl core::fmt::Debug for F16Kernels {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "F16Kernels({})", self.name)
    }
}
