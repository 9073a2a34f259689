//! GELU by the error function, and its exact gradient.
//!
//! burn's own gradient is the derivative of the tanh approximation on some backends and of the
//! error function on others; here it is the same everywhere.

use std::f32::consts::FRAC_1_SQRT_2;

use super::elementary::{erf, exp_of_negative};
use super::fused::Fused;
use super::kernels::vectorised::vectorised;
use super::parallel;

/// `1/√(2π)`, the peak of the normal density.
const DENSITY_PEAK: f32 = 0.398_942_3;

/// `x·Φ(x)`.
#[derive(Clone, Debug)]
pub(super) struct Gelu;

impl Fused<1> for Gelu {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        parallel::fill(x.len(), x.len(), |first, out| values(&x[first..], out))
    }

    fn backward(&self, [x]: [&[f32]; 1], grad: &[f32], _wanted: [bool; 1]) -> [Vec<f32>; 1] {
        [parallel::fill(x.len(), x.len(), |first, out| {
            gradients(&x[first..], &grad[first..], out);
        })]
    }
}

vectorised! {
    fn values(x: &[f32], out: &mut [f32]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = x * cumulative(x);
        }
    }

    /// `Φ(x) + x·φ(x)` times the gradient.
    fn gradients(x: &[f32], grad: &[f32], out: &mut [f32]) {
        for ((out, &x), &grad) in out.iter_mut().zip(x).zip(grad) {
            let density = DENSITY_PEAK * exp_of_negative(-0.5 * x * x);
            *out = grad * (x * density + cumulative(x));
        }
    }
}

/// `Φ(x)`, the cumulative normal distribution.
#[inline(always)]
fn cumulative(x: f32) -> f32 {
    0.5 * erf(x * FRAC_1_SQRT_2) + 0.5
}
