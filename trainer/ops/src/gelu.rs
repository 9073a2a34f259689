//! GELU by the error function, and its exact gradient.
//!
//! burn's own gradient is the derivative of the tanh approximation on some backends and of the
//! error function on others; here it is the same everywhere.

use std::f32::consts::FRAC_1_SQRT_2;

use crate::elementary::{erf, exp_of_negative};
use crate::fused::Fused;
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// `1/√(2π)`, the peak of the normal density.
const DENSITY_PEAK: f32 = 0.398_942_3;

/// `x·Φ(x)`.
#[derive(Clone, Debug)]
pub(super) struct Gelu;

impl Fused<1> for Gelu {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        parallel::fill(x.len(), x.len(), |first, out| values(&x[first..], out))
    }

    fn backward(
        &self,
        [x]: [&[f32]; 1],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 1],
    ) -> [Vec<f32>; 1] {
        [parallel::fill(x.len(), x.len(), |first, out| {
            gradients(&x[first..], &grad[first..], out);
        })]
    }
}

vectorised! {
    /// Writes the GELU of each value.
    pub(super) fn values(x: &[f32], out: &mut [f32]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = x * cumulative(x);
        }
    }

    /// Writes the gradient of each value.
    pub(super) fn gradients(x: &[f32], grad: &[f32], out: &mut [f32]) {
        for ((out, &x), &grad) in out.iter_mut().zip(x).zip(grad) {
            *out = grad * slope(x, cumulative(x));
        }
    }

    /// Writes the GELU of each value, and replaces the value by the slope of GELU.
    pub(super) fn values_and_slopes(x: &mut [f32], out: &mut [f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            let cumulative = cumulative(*x);
            *out = *x * cumulative;
            *x = slope(*x, cumulative);
        }
    }
}

/// `Φ(x) + x·φ(x)`.
#[inline(always)]
pub(super) fn slope(x: f32, cumulative: f32) -> f32 {
    x * (DENSITY_PEAK * exp_of_negative(-0.5 * x * x)) + cumulative
}

/// `Φ(x)`, the cumulative normal distribution.
#[inline(always)]
pub(super) fn cumulative(x: f32) -> f32 {
    0.5 * erf(x * FRAC_1_SQRT_2) + 0.5
}
