//! The coordinates in which attributes are fitted.

use super::cholesky::Cholesky;
use super::sample::Sample;

/// Share of the covariance that is replaced by a multiple of the identity, so that it can be inverted.
const SHRINKAGE: f64 = 0.01;

/// Coordinates in which the images of a class vary equally in all directions. Their zero is the mean of the
/// means of the classes.
///
/// A penalty on weights in these coordinates is a penalty on how much a logit differs between images of one
/// class. So an attribute is fitted to what separates the classes, and not to what varies within a class.
/// This carries over to classes that are not in the sample.
pub(super) struct Whitening {
    pub(super) mean: Vec<f64>,
    root: Cholesky,
}

impl Whitening {
    pub(super) fn new(sample: &Sample<'_>) -> Self {
        let dim = sample.dim;
        let classes = sample.classes.iter().max().map_or(0, |&class| usize::from(class) + 1);
        let mut means = vec![0.0; classes * dim];
        for (x, &class, weight) in sample.images() {
            let mean = &mut means[usize::from(class) * dim..][..dim];
            mean.iter_mut().zip(x).for_each(|(mean, &x)| *mean += weight * f64::from(x));
        }
        // The weights of a class sum to one over the number of classes.
        let present = sample.classes_present() as f64;
        let mean = (0..dim).map(|d| means.iter().skip(d).step_by(dim).sum::<f64>()).collect();
        means.iter_mut().for_each(|mean| *mean *= present);

        let mut covariance = vec![0.0; dim * dim];
        let mut apart = vec![0.0; dim];
        for (x, &class, weight) in sample.images() {
            let mean = &means[usize::from(class) * dim..][..dim];
            for ((apart, &x), mean) in apart.iter_mut().zip(x).zip(mean) {
                *apart = f64::from(x) - mean;
            }
            for (row, &a) in covariance.chunks_exact_mut(dim).zip(&apart) {
                row.iter_mut().zip(&apart).for_each(|(sum, &b)| *sum += weight * a * b);
            }
        }
        let trace: f64 = covariance.iter().step_by(dim + 1).sum();
        // At least a little, for a class with one image.
        let ridge = (SHRINKAGE * trace / dim as f64).max(1e-9);
        covariance.iter_mut().for_each(|value| *value *= 1.0 - SHRINKAGE);
        covariance.iter_mut().step_by(dim + 1).for_each(|value| *value += ridge);
        let root = Cholesky::new(covariance, dim).expect("a covariance and a ridge are positive");
        Self { mean, root }
    }

    /// Pooled tokens in these coordinates.
    pub(super) fn apply(&self, x: &[f32], out: &mut [f64]) {
        for ((out, &x), mean) in out.iter_mut().zip(x).zip(&self.mean) {
            *out = f64::from(x) - mean;
        }
        self.root.forward(out);
    }

    /// Weights for pooled tokens, from weights for these coordinates, in place.
    pub(super) fn weights(&self, weights: &mut [f64]) {
        self.root.backward(weights);
    }
}
