//! Batch normalisation and its gradient.

use burn::tensor::TensorData;

use crate::fused::Fused;
use crate::gelu::{cumulative, slope};
use crate::kernels::vectorised::vectorised;
use crate::parallel;

/// Minimum number of values in a loop over channels. With few channels, a loop covers several rows at once.
const MIN_SPAN: usize = 128;

/// Normalises each channel over all rows; inputs are x `[rows, channels]`, gamma, beta.
#[derive(Clone, Debug)]
pub(super) struct NormChannels {
    mean: Vec<f32>,
    variance: Vec<f32>,
    epsilon: f32,
    then_gelu: bool,
}

impl NormChannels {
    /// Computes mean and biased variance of every channel.
    pub(super) fn measure(x: &[f32], channels: usize, epsilon: f32, then_gelu: bool) -> Self {
        let span = span(x, channels);
        let spans = x.len() / span;
        let per_row = |sums: Vec<f32>| {
            let mut sums = folded(&sums, channels);
            divide(&mut sums, (x.len() / channels) as f32);
            sums
        };
        let part = |first: usize, count: usize| &x[first * span..][..count * span];
        let sums = parallel::sum(spans, |first, count| sum_rows(part(first, count), span));
        let mean = per_row(sums);
        let means = mean.repeat(span / channels);
        let sums = parallel::sum(spans, |first, count| sum_squares(part(first, count), &means));
        let variance = per_row(sums);
        Self { mean, variance, epsilon, then_gelu }
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

    /// The parameters for the rows of a span.
    fn lines(&self, gamma: &[f32], beta: &[f32], span: usize) -> Normal {
        let gains: Vec<f32> = self.scales().iter().zip(gamma).map(|(s, gamma)| s * gamma).collect();
        let [means, gains, beta] =
            [&self.mean, &gains, beta].map(|values| values.repeat(span / beta.len()));
        Normal { means, gains, beta }
    }
}

impl Fused<3> for NormChannels {
    fn forward(&self, [x, gamma, beta]: [&[f32]; 3]) -> Vec<f32> {
        let span = span(x, beta.len());
        let normal = self.lines(gamma, beta, span);
        parallel::fill(x.len(), x.len() / span, |first, out| {
            let x = &x[first * span..];
            if self.then_gelu {
                normalise_gelu(x, &normal, out);
            } else {
                normalise(x, &normal, out);
            }
        })
    }

    fn backward(
        &self,
        [x, gamma, beta]: [&[f32]; 3],
        _kept: &[f32],
        grad: &[f32],
        _wanted: [bool; 3],
    ) -> [Vec<f32>; 3] {
        let channels = self.mean.len();
        let (rows, span) = (x.len() / channels, span(x, channels));
        let normal = self.lines(gamma, beta, span);
        // First the gradient of the normalised values, with its sums.
        let (mut x_grad, mut sums) =
            parallel::fill_and_sum(x.len(), x.len() / span, |first, out| {
                let at = first * span;
                let (x, grad) = (&x[at..][..out.len()], &grad[at..][..out.len()]);
                if self.then_gelu {
                    gelu_gradients(x, &normal, grad, out);
                } else {
                    out.copy_from_slice(grad);
                }
                sum_gradients(x, &normal.means, out)
            });
        let beta_grad = folded(&sums.split_off(span), channels);
        let mut gamma_grad = folded(&sums, channels);
        let scales = self.scales();
        for (grad, scale) in gamma_grad.iter_mut().zip(&scales) {
            *grad *= scale;
        }
        // A shift or a scaling of a channel does not change its output, so the gradient has no component
        // along either.
        let mut line = Line::default();
        for c in 0..channels {
            let gain = scales[c] * gamma[c];
            let stretch = -gain * scales[c] * gamma_grad[c] / rows as f32;
            line.gains.push(gain);
            line.stretches.push(stretch);
            line.shifts.push(-gain * beta_grad[c] / rows as f32 - stretch * self.mean[c]);
        }
        for values in [&mut line.gains, &mut line.stretches, &mut line.shifts] {
            *values = values.repeat(span / channels);
        }
        parallel::update(&mut x_grad, x.len() / span, |first, out| {
            follow(&line, &x[first * span..], out);
        });
        [x_grad, gamma_grad, beta_grad]
    }
}

/// Parameters of a span of rows.
struct Normal {
    means: Vec<f32>,
    gains: Vec<f32>,
    beta: Vec<f32>,
}

/// `gain·grad + stretch·x + shift` for each channel of a span of rows.
#[derive(Default)]
struct Line {
    gains: Vec<f32>,
    stretches: Vec<f32>,
    shifts: Vec<f32>,
}

/// Number of values in a span: one row, doubled until it has [`MIN_SPAN`] values, as long as spans divide
/// all rows evenly.
fn span(x: &[f32], channels: usize) -> usize {
    let mut span = channels;
    while span < MIN_SPAN && x.len().is_multiple_of(2 * span) {
        span *= 2;
    }
    span
}

/// Sums over the rows of a span.
fn folded(sums: &[f32], channels: usize) -> Vec<f32> {
    let mut total = vec![0.0; channels];
    for sums in sums.chunks_exact(channels) {
        parallel::add(&mut total, sums);
    }
    total
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

    fn normalise(x: &[f32], normal: &Normal, out: &mut [f32]) {
        let Normal { means, gains, beta } = normal;
        let rows = x.chunks_exact(means.len());
        for (out, row) in out.chunks_exact_mut(means.len()).zip(rows) {
            let parameters = means.iter().zip(gains).zip(beta);
            for ((out, x), ((mean, gain), beta)) in out.iter_mut().zip(row).zip(parameters) {
                *out = (x - mean) * gain + beta;
            }
        }
    }

    fn normalise_gelu(x: &[f32], normal: &Normal, out: &mut [f32]) {
        let Normal { means, gains, beta } = normal;
        let rows = x.chunks_exact(means.len());
        for (out, row) in out.chunks_exact_mut(means.len()).zip(rows) {
            let parameters = means.iter().zip(gains).zip(beta);
            for ((out, x), ((mean, gain), beta)) in out.iter_mut().zip(row).zip(parameters) {
                let y = (x - mean) * gain + beta;
                *out = y * cumulative(y);
            }
        }
    }

    /// The gradient of the normalised values from the gradient of their GELU.
    fn gelu_gradients(x: &[f32], normal: &Normal, grad: &[f32], out: &mut [f32]) {
        let Normal { means, gains, beta } = normal;
        let rows = x.chunks_exact(means.len()).zip(grad.chunks_exact(means.len()));
        for (out, (row, grad)) in out.chunks_exact_mut(means.len()).zip(rows) {
            let parameters = means.iter().zip(gains).zip(beta);
            let values = out.iter_mut().zip(row).zip(grad);
            for (((out, x), grad), ((mean, gain), beta)) in values.zip(parameters) {
                let y = (x - mean) * gain + beta;
                *out = grad * slope(y, cumulative(y));
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

    /// Turns the gradient of the normalised values into the gradient of x.
    fn follow(line: &Line, x: &[f32], grad: &mut [f32]) {
        let span = line.gains.len();
        for (grad, row) in grad.chunks_exact_mut(span).zip(x.chunks_exact(span)) {
            let line = line.gains.iter().zip(&line.stretches).zip(&line.shifts);
            for ((grad, x), ((gain, stretch), shift)) in grad.iter_mut().zip(row).zip(line) {
                *grad = gain * *grad + stretch * x + shift;
            }
        }
    }
}
