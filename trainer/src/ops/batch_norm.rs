//! Batch normalisation and its gradient.

use burn::tensor::TensorData;

use super::fused::Fused;
use super::kernels::vectorised::vectorised;
use super::parallel;

/// Normalises each channel over all rows; inputs are x `[rows, channels]`, gamma, beta.
#[derive(Clone, Debug)]
pub(super) struct NormChannels {
    mean: Vec<f32>,
    variance: Vec<f32>,
    epsilon: f32,
}

impl NormChannels {
    /// Takes mean and biased variance of every channel.
    pub(super) fn measure(x: &[f32], channels: usize, epsilon: f32) -> Self {
        let rows = x.len() / channels;
        let part = |first: usize, count: usize| &x[first * channels..][..count * channels];
        let mut mean = parallel::sum(rows, |first, count| sum_rows(part(first, count), channels));
        divide(&mut mean, rows as f32);
        let mut variance =
            parallel::sum(rows, |first, count| sum_squares(part(first, count), &mean));
        divide(&mut variance, rows as f32);
        Self { mean, variance, epsilon }
    }

    /// `[channels]`.
    pub(super) fn mean(&self) -> TensorData {
        TensorData::new(self.mean.clone(), [self.mean.len()])
    }

    /// `[channels]`.
    pub(super) fn variance(&self) -> TensorData {
        TensorData::new(self.variance.clone(), [self.variance.len()])
    }

    /// Reciprocal deviation of every channel.
    fn scales(&self) -> Vec<f32> {
        self.variance.iter().map(|variance| (variance + self.epsilon).sqrt().recip()).collect()
    }
}

impl Fused<3> for NormChannels {
    fn forward(&self, [x, gamma, beta]: [&[f32]; 3]) -> Vec<f32> {
        let channels = self.mean.len();
        let gains: Vec<f32> = self.scales().iter().zip(gamma).map(|(s, gamma)| s * gamma).collect();
        parallel::fill(x.len(), x.len() / channels, |first, out| {
            normalise(&x[first * channels..], &self.mean, &gains, beta, out);
        })
    }

    fn backward(
        &self,
        [x, gamma, _]: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let channels = self.mean.len();
        let rows = x.len() / channels;
        let mut gamma_grad = parallel::sum(rows, |first, count| {
            let range = first * channels..(first + count) * channels;
            sum_gradients(&x[range.clone()], &self.mean, &grad[range])
        });
        let beta_grad = gamma_grad.split_off(channels);
        let scales = self.scales();
        for (grad, scale) in gamma_grad.iter_mut().zip(&scales) {
            *grad *= scale;
        }
        // Neither a shift nor a stretch of a channel changes its output, so the parts of the
        // gradient along both are taken out.
        let mut line = Line::default();
        for c in 0..channels {
            let gain = scales[c] * gamma[c];
            let stretch = -gain * scales[c] * gamma_grad[c] / rows as f32;
            line.gains.push(gain);
            line.stretches.push(stretch);
            line.shifts.push(-gain * beta_grad[c] / rows as f32 - stretch * self.mean[c]);
        }
        let x_grad = parallel::fill(x.len(), rows, |first, out| {
            follow(&line, &x[first * channels..], &grad[first * channels..], out);
        });
        [x_grad, gamma_grad, beta_grad]
    }
}

/// `gain·grad + stretch·x + shift` for each channel.
#[derive(Default)]
struct Line {
    gains: Vec<f32>,
    stretches: Vec<f32>,
    shifts: Vec<f32>,
}

fn divide(values: &mut [f32], divisor: f32) {
    for value in values {
        *value /= divisor;
    }
}

vectorised! {
    fn sum_rows(x: &[f32], channels: usize) -> Vec<f32> {
        let mut sums = vec![0.0; channels];
        for row in x.chunks_exact(channels) {
            parallel::add(&mut sums, row);
        }
        sums
    }

    /// Centred before squaring: a large mean would cancel in E[x²] − E[x]².
    fn sum_squares(x: &[f32], means: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; means.len()];
        for row in x.chunks_exact(means.len()) {
            for ((sum, x), mean) in sums.iter_mut().zip(row).zip(means) {
                *sum += (x - mean) * (x - mean);
            }
        }
        sums
    }

    fn normalise(x: &[f32], means: &[f32], gains: &[f32], beta: &[f32], out: &mut [f32]) {
        let rows = x.chunks_exact(means.len());
        for (out, row) in out.chunks_exact_mut(means.len()).zip(rows) {
            let parameters = means.iter().zip(gains).zip(beta);
            for ((out, x), ((mean, gain), beta)) in out.iter_mut().zip(row).zip(parameters) {
                *out = (x - mean) * gain + beta;
            }
        }
    }

    /// Sums of `(x − mean)·grad` for every channel, then of `grad`.
    fn sum_gradients(x: &[f32], means: &[f32], grad: &[f32]) -> Vec<f32> {
        let (mut products, mut plain) = (vec![0.0; means.len()], vec![0.0; means.len()]);
        for (row, grad) in x.chunks_exact(means.len()).zip(grad.chunks_exact(means.len())) {
            for (((sum, x), grad), mean) in products.iter_mut().zip(row).zip(grad).zip(means) {
                *sum += (x - mean) * grad;
            }
            parallel::add(&mut plain, grad);
        }
        products.extend(plain);
        products
    }

    fn follow(line: &Line, x: &[f32], grad: &[f32], out: &mut [f32]) {
        let channels = line.gains.len();
        let rows = x.chunks_exact(channels).zip(grad.chunks_exact(channels));
        for (out, (row, grad)) in out.chunks_exact_mut(channels).zip(rows) {
            let line = line.gains.iter().zip(&line.stretches).zip(&line.shifts);
            let values = out.iter_mut().zip(row).zip(grad);
            for (((out, x), grad), ((gain, stretch), shift)) in values.zip(line) {
                *out = gain * grad + stretch * x + shift;
            }
        }
    }
}
