//! Logistic regression of all attributes at once.

use super::cholesky::Cholesky;
use super::layer::Attributes;
use super::sample::Sample;
use super::whiten::Whitening;

/// Maximum number of steps. Each one lowers the loss.
const STEPS: usize = 200;
/// The fit ends when no weight changes by more than this.
const TOLERANCE: f64 = 1e-3;
/// Penalty on biases, so that the equations have one solution.
const BIAS_PENALTY: f64 = 1e-6;

/// Fits the attributes: a logistic regression with `penalty` times half the square of the weights in the
/// coordinates of [`Whitening`].
///
/// # Source
/// Böhning and Lindsay, *Monotonicity of quadratic-approximation algorithms*, 1988: a quarter of the weighted
/// products of the inputs bounds the curvature for every attribute and every weight, so that one matrix is
/// factored once and each step lowers the loss.
pub(super) fn fit(sample: &Sample<'_>, penalty: f64) -> Attributes {
    let (dim, count) = (sample.dim, sample.labels.names().len());
    let whitening = Whitening::new(sample);
    // One more input, which is one, for the bias.
    let n = dim + 1;
    let mut inputs = vec![1.0; sample.classes.len() * n];
    for (row, (x, ..)) in inputs.chunks_exact_mut(n).zip(sample.images()) {
        whitening.apply(x, &mut row[..dim]);
    }
    let curvature = curvature(&inputs, sample, n, penalty);
    let mut weights = vec![0.0; n * count]; // [n, attributes]
    for _ in 0..STEPS {
        let mut step = gradient(&inputs, sample, &weights, n);
        let penalties = (0..n).map(|d| if d < dim { penalty } else { BIAS_PENALTY });
        for (d, penalty) in penalties.enumerate() {
            for (step, weight) in step[d * count..][..count].iter_mut().zip(&weights[d * count..]) {
                *step += penalty * weight;
            }
        }
        let mut largest = 0.0f64;
        for attribute in 0..count {
            let mut column: Vec<f64> =
                step.iter().skip(attribute).step_by(count).copied().collect();
            curvature.solve(&mut column);
            for (weight, step) in weights.iter_mut().skip(attribute).step_by(count).zip(column) {
                *weight -= step;
                largest = largest.max(step.abs());
            }
        }
        if largest < TOLERANCE {
            break;
        }
    }
    let mut fitted =
        Attributes { names: sample.labels.names().to_vec(), weights: vec![], bias: vec![] };
    for attribute in 0..count {
        let column = weights.iter().skip(attribute).step_by(count).copied();
        let mut row: Vec<f64> = column.collect();
        let bias = row.pop().unwrap_or(0.0);
        whitening.weights(&mut row);
        let shift: f64 = row.iter().zip(&whitening.mean).map(|(w, mean)| w * mean).sum();
        fitted.weights.extend(row.iter().map(|&weight| weight as f32));
        fitted.bias.push((bias - shift) as f32);
    }
    fitted
}

/// A bound of the curvature of the loss, factored.
fn curvature(inputs: &[f64], sample: &Sample<'_>, n: usize, penalty: f64) -> Cholesky {
    let mut bound = vec![0.0; n * n];
    for (z, (_, _, weight)) in inputs.chunks_exact(n).zip(sample.images()) {
        for (row, &a) in bound.chunks_exact_mut(n).zip(z) {
            row.iter_mut().zip(z).for_each(|(sum, &b)| *sum += 0.25 * weight * a * b);
        }
    }
    for (d, value) in bound.iter_mut().step_by(n + 1).enumerate() {
        *value += if d + 1 < n { penalty } else { BIAS_PENALTY };
    }
    Cholesky::new(bound, n).expect("products and a penalty are positive")
}

/// The gradient of the loss without the penalty, `[n, attributes]`. The attributes are the inner loop, because
/// its sums are independent of each other.
fn gradient(inputs: &[f64], sample: &Sample<'_>, weights: &[f64], n: usize) -> Vec<f64> {
    let count = sample.labels.names().len();
    let mut sum = vec![0.0; n * count];
    let mut logits = vec![0.0; count];
    let images = inputs.chunks_exact(n).zip(sample.images()).zip(sample.known());
    for ((z, (_, _, weight)), known) in images {
        logits.fill(0.0);
        for (&z, row) in z.iter().zip(weights.chunks_exact(count)) {
            logits.iter_mut().zip(row).for_each(|(logit, &w)| *logit += z * w);
        }
        for (logit, known) in logits.iter_mut().zip(known) {
            let target = known.map_or(0.0, |present| f64::from(u8::from(present)));
            let error = 1.0 / (1.0 + (-*logit).exp()) - target;
            // An unknown label has no gradient.
            *logit = if known.is_some() { weight * error } else { 0.0 };
        }
        for (&z, row) in z.iter().zip(sum.chunks_exact_mut(count)) {
            row.iter_mut().zip(&logits).for_each(|(sum, &error)| *sum += z * error);
        }
    }
    sum
}
