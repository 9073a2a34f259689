//! Layer normalisation and its gradient, one pass each.

use crate::elementary::{dot, sum, sum_of_squares};
use crate::fused::Fused;
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// Normalises each row of `channels` values; inputs are x, gamma, beta.
#[derive(Clone, Copy, Debug)]
pub(super) struct NormRows {
    pub(super) channels: usize,
    pub(super) epsilon: f32,
}

impl Fused<3> for NormRows {
    fn forward(&self, [x, gamma, beta]: [&[f32]; 3]) -> Vec<f32> {
        let channels = self.channels;
        parallel::fill(x.len(), x.len() / channels, |first, out| {
            normalise(*self, &x[first * channels..], gamma, beta, out);
        })
    }

    fn backward(
        &self,
        [x, gamma, _]: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let channels = self.channels;
        let rows = x.len() / channels;
        let (x_grad, mut sums) = parallel::fill_and_sum(x.len(), rows, |first, out| {
            let mut sums = vec![0.0; 2 * channels];
            let at = first * channels;
            add_gradients(*self, &x[at..], gamma, &grad[at..], out, &mut sums);
            sums
        });
        let beta_grad = sums.split_off(channels);
        [x_grad, sums, beta_grad]
    }
}

vectorised! {
    /// Writes the normalised rows.
    pub(super) fn normalise(op: NormRows, x: &[f32], gamma: &[f32], beta: &[f32], out: &mut [f32]) {
        let rows = x.chunks_exact(op.channels);
        for (out, row) in out.chunks_exact_mut(op.channels).zip(rows) {
            let (mean, scale) = measure(row, op.epsilon);
            for (((out, x), gamma), beta) in out.iter_mut().zip(row).zip(gamma).zip(beta) {
                *out = (x - mean) * scale * gamma + beta;
            }
        }
    }

    /// Adds the gradient of x to `out`, and the gradients of gamma and beta, one after the other, to
    /// `sums`.
    pub(super) fn add_gradients(
        op: NormRows,
        x: &[f32],
        gamma: &[f32],
        grad: &[f32],
        out: &mut [f32],
        sums: &mut [f32],
    ) {
        let channels = op.channels;
        let (gamma_sums, beta_sums) = sums.split_at_mut(channels);
        let (mut normed, mut scaled) = (vec![0.0; channels], vec![0.0; channels]);
        let rows = x.chunks_exact(channels).zip(grad.chunks_exact(channels));
        for (out, (row, grad)) in out.chunks_exact_mut(channels).zip(rows) {
            let (mean, scale) = measure(row, op.epsilon);
            for (normed, x) in normed.iter_mut().zip(row) {
                *normed = (x - mean) * scale;
            }
            for ((sum, grad), normed) in gamma_sums.iter_mut().zip(grad).zip(&normed) {
                *sum += grad * normed;
            }
            parallel::add(beta_sums, grad);
            for ((scaled, grad), gamma) in scaled.iter_mut().zip(grad).zip(gamma) {
                *scaled = grad * gamma;
            }
            // A shift or a scaling of the row does not change its output, so the gradient has no component
            // along either.
            let shift = sum(&scaled) / channels as f32;
            let stretch = dot(&scaled, &normed) / channels as f32;
            for ((out, scaled), normed) in out.iter_mut().zip(&scaled).zip(&normed) {
                *out += scale * (scaled - shift - normed * stretch);
            }
        }
    }
}

/// Mean and reciprocal deviation of one row.
#[inline(always)]
fn measure(row: &[f32], epsilon: f32) -> (f32, f32) {
    let len = row.len() as f32;
    let mean = sum(row) / len;
    let variance = sum_of_squares(row, mean) / len;
    (mean, (variance + epsilon).sqrt().recip())
}
