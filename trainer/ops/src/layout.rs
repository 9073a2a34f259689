//! Operations on whole images before and after the blocks: channels last, position embedding, and mean
//! over tokens.

use crate::fused::Fused;
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// `[batch, channels, positions]` to `[batch, positions, channels]`.
#[derive(Clone, Debug)]
pub(super) struct ChannelsLast {
    pub(super) channels: usize,
    pub(super) positions: usize,
}

/// Adds the same values to each image; inputs are x and those values.
#[derive(Clone, Debug)]
pub(super) struct AddToImages;

/// Means over the positions of each image.
#[derive(Clone, Debug)]
pub(super) struct MeanPositions {
    pub(super) positions: usize,
    pub(super) channels: usize,
}

impl Fused<1> for ChannelsLast {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        transpose(x, self.channels, self.positions)
    }

    fn backward(
        &self,
        _inputs: [&[f32]; 1],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 1],
    ) -> [Vec<f32>; 1] {
        [transpose(grad, self.positions, self.channels)]
    }
}

impl Fused<2> for AddToImages {
    fn forward(&self, [x, values]: [&[f32]; 2]) -> Vec<f32> {
        let len = values.len();
        parallel::fill(x.len(), x.len() / len, |first, out| {
            let x = &x[first * len..];
            for (out, x) in out.chunks_exact_mut(len).zip(x.chunks_exact(len)) {
                write_sum(x, values, out);
            }
        })
    }

    fn backward(
        &self,
        [_, values]: [&[f32]; 2],
        _kept: &[f32],
        grad: &[f32],
        wanted: [bool; 2],
    ) -> [Vec<f32>; 2] {
        let len = values.len();
        let values_grad = parallel::sum(grad.len() / len, |first, count| {
            let mut sums = vec![0.0; len];
            add_images(&grad[first * len..][..count * len], &mut sums);
            sums
        });
        [if wanted[0] { grad.to_vec() } else { Vec::new() }, values_grad]
    }
}

impl Fused<1> for MeanPositions {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let (len, channels) = (self.positions * self.channels, self.channels);
        parallel::fill(x.len() / self.positions, x.len() / len, |first, out| {
            let images = x[first * len..].chunks_exact(len);
            for (out, image) in out.chunks_exact_mut(channels).zip(images) {
                add_images(image, out);
                out.iter_mut().for_each(|value| *value /= self.positions as f32);
            }
        })
    }

    fn backward(
        &self,
        [x]: [&[f32]; 1],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 1],
    ) -> [Vec<f32>; 1] {
        let (len, channels) = (self.positions * self.channels, self.channels);
        [parallel::fill(x.len(), x.len() / len, |first, out| {
            let grads = grad[first * channels..].chunks_exact(channels);
            for (out, grad) in out.chunks_exact_mut(len).zip(grads) {
                for out in out.chunks_exact_mut(channels) {
                    write_quotient(grad, self.positions as f32, out);
                }
            }
        })]
    }
}

/// Exchanges the `rows` and `columns` of each image.
fn transpose(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let len = rows * columns;
    parallel::fill(x.len(), x.len() / len, |first, out| {
        for (out, x) in out.chunks_exact_mut(len).zip(x[first * len..].chunks_exact(len)) {
            for (row, x) in x.chunks_exact(columns).enumerate() {
                for (out, &x) in out[row..].iter_mut().step_by(rows).zip(x) {
                    *out = x;
                }
            }
        }
    })
}

vectorised! {
    fn write_sum(a: &[f32], b: &[f32], out: &mut [f32]) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = a + b;
        }
    }

    fn write_quotient(values: &[f32], divisor: f32, out: &mut [f32]) {
        for (out, value) in out.iter_mut().zip(values) {
            *out = value / divisor;
        }
    }

    /// Adds each piece of `values` that is as long as `sums`.
    fn add_images(values: &[f32], sums: &mut [f32]) {
        for values in values.chunks_exact(sums.len()) {
            parallel::add(sums, values);
        }
    }
}
