//! Depthwise 3×3 convolutions over a grid with channels last.

use crate::fused::Fused;
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// Weights of one channel.
const TAPS: usize = 9;

/// Convolves each channel separately with stride 1; inputs are x `[batch, height · width, channels]`, the
/// weight `[channels, 1, 3, 3]` and the bias `[channels]`.
#[derive(Clone, Debug)]
pub(super) struct Depthwise3x3 {
    pub(super) sides: [usize; 2],
    pub(super) channels: usize,
}

/// A weight, prepared for a pass over the grid.
pub(super) struct Filter {
    runs: Vec<Run>,
    /// `[9, channels]`.
    taps: Vec<f32>,
}

impl Fused<3> for Depthwise3x3 {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        let (len, channels) = (self.image_len(), self.channels);
        let filter = self.filter(weight);
        parallel::fill(x.len(), x.len() / len, |first, out| {
            for (out, x) in out.chunks_exact_mut(len).zip(x[first * len..].chunks_exact(len)) {
                for out in out.chunks_exact_mut(channels) {
                    out.copy_from_slice(bias);
                }
                filter.add_forward(x, out);
            }
        })
    }

    fn backward(
        &self,
        [x, weight, _]: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let len = self.image_len();
        let filter = self.filter(weight);
        let (x_grad, sums) = parallel::fill_and_sum(x.len(), x.len() / len, |first, out| {
            let mut sums = vec![0.0; self.sums_len()];
            let images = x[first * len..].chunks_exact(len);
            let grads = grad[first * len..].chunks_exact(len);
            for ((out, x), grad) in out.chunks_exact_mut(len).zip(images).zip(grads) {
                filter.add_backward(x, grad, out, &mut sums);
            }
            sums
        });
        let [weight_grad, bias_grad] = self.gradients(sums);
        [x_grad, weight_grad, bias_grad]
    }
}

impl Filter {
    /// Adds the convolution of one image, without bias, to `out`.
    pub(super) fn add_forward(&self, x: &[f32], out: &mut [f32]) {
        convolve(&self.runs, &self.taps, x, out);
    }

    /// Adds one image's gradients: the gradient of x to `out`, the gradients of weight and bias to `sums`.
    pub(super) fn add_backward(&self, x: &[f32], grad: &[f32], out: &mut [f32], sums: &mut [f32]) {
        gradients(&self.runs, &self.taps, x, grad, out, sums);
    }
}

impl Depthwise3x3 {
    /// Number of values of one image.
    pub(super) const fn image_len(&self) -> usize {
        self.sides[0] * self.sides[1] * self.channels
    }

    pub(super) fn filter(&self, weight: &[f32]) -> Filter {
        Filter { runs: self.runs(), taps: self.taps(weight) }
    }

    /// Number of sums to which [`Filter::add_backward`] adds.
    pub(super) const fn sums_len(&self) -> usize {
        (TAPS + 1) * self.channels
    }

    /// The gradients of weight and bias from those sums.
    pub(super) fn gradients(&self, mut sums: Vec<f32>) -> [Vec<f32>; 2] {
        let bias = sums.split_off(TAPS * self.channels);
        [self.weight_order(&sums), bias]
    }

    /// The weight as `[9, channels]`.
    fn taps(&self, weight: &[f32]) -> Vec<f32> {
        (0..TAPS)
            .flat_map(|tap| (0..self.channels).map(move |channel| weight[channel * TAPS + tap]))
            .collect()
    }

    /// The inverse of [`taps`](Self::taps).
    fn weight_order(&self, taps: &[f32]) -> Vec<f32> {
        (0..self.channels)
            .flat_map(|channel| (0..TAPS).map(move |tap| taps[tap * self.channels + channel]))
            .collect()
    }

    /// One run for each weight and each row of the grid, without positions beyond the edge.
    fn runs(&self) -> Vec<Run> {
        let [height, width] = self.sides;
        let at = |row: usize, column: usize| (row * width + column) * self.channels;
        let mut runs = Vec::with_capacity(height * TAPS);
        for row in 0..height {
            for tap in 0..TAPS {
                let (down, right) = (tap / 3, tap % 3);
                // Output columns whose source, `right − 1` further, lies within the row.
                let columns = 1usize.saturating_sub(right)..(width + 1 - right).min(width);
                let source = (row + down).checked_sub(1).filter(|&source| source < height);
                if let Some(source) = source.filter(|_| !columns.is_empty()) {
                    runs.push(Run {
                        tap: tap * self.channels,
                        output: at(row, columns.start),
                        input: at(source, columns.start + right - 1),
                        len: columns.len() * self.channels,
                    });
                }
            }
        }
        runs
    }
}

/// One weight of the window and one row of the grid: the output values to which the weight adds, and the
/// input values that it multiplies.
#[derive(Clone, Copy)]
struct Run {
    /// Where the weight's channels start.
    tap: usize,
    /// Where the output's values start.
    output: usize,
    /// Where the input's values start.
    input: usize,
    /// Values of each.
    len: usize,
}

vectorised! {
    /// Adds the convolution of one image to `out`.
    fn convolve(runs: &[Run], taps: &[f32], x: &[f32], out: &mut [f32]) {
        let channels = taps.len() / TAPS;
        for run in runs {
            let tap = &taps[run.tap..][..channels];
            multiply_add(&mut out[run.output..][..run.len], &x[run.input..][..run.len], tap);
        }
    }

    /// Adds one image's gradients: the gradient of x to `out`, the gradients of taps and bias to `sums`.
    fn gradients(
        runs: &[Run],
        taps: &[f32],
        x: &[f32],
        grad: &[f32],
        out: &mut [f32],
        sums: &mut [f32],
    ) {
        let channels = taps.len() / TAPS;
        let (tap_sums, bias_sums) = sums.split_at_mut(taps.len());
        for grad in grad.chunks_exact(channels) {
            parallel::add(bias_sums, grad);
        }
        for run in runs {
            let (tap, grad) = (&taps[run.tap..][..channels], &grad[run.output..][..run.len]);
            multiply_add(&mut out[run.input..][..run.len], grad, tap);
            let sums = &mut tap_sums[run.tap..][..channels];
            sum_products(sums, grad, &x[run.input..][..run.len]);
        }
    }
}

/// `out += x·tap` with the same tap at every position.
#[inline(always)]
fn multiply_add(out: &mut [f32], x: &[f32], tap: &[f32]) {
    for (out, x) in out.chunks_exact_mut(tap.len()).zip(x.chunks_exact(tap.len())) {
        for ((out, x), tap) in out.iter_mut().zip(x).zip(tap) {
            *out += x * tap;
        }
    }
}

/// `sums += a·b`, summed over positions.
#[inline(always)]
fn sum_products(sums: &mut [f32], a: &[f32], b: &[f32]) {
    for (a, b) in a.chunks_exact(sums.len()).zip(b.chunks_exact(sums.len())) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
}
