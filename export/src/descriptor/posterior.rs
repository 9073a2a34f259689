//! The probability of each class for an image, from its embedding.

use super::adam::{Adam, rate};
use super::matrix::{Matrix, dot};
use super::moments::mean;
use anyhow::Result;
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

const STEPS: usize = 1500;
const BATCH: usize = 256;
const RATE: f64 = 0.02;
/// Factor of the squared weights in the loss.
const PENALTY: f64 = 1e-3;

/// The probability of each class for each image, `[images, classes]`, by softmax regression on its embedding.
///
/// # Errors
/// If there are no images.
pub(super) fn probabilities(
    embeddings: &[Vec<i8>],
    labels: &[u16],
    classes: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<Matrix> {
    let mean = mean(embeddings)?;
    let centred = embeddings.iter().map(|x| -> Vec<f64> {
        x.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect()
    });
    let centred = Matrix::from_rows(mean.len(), centred);
    let square = dot(centred.values(), centred.values()) / centred.values().len() as f64;
    let size = square.sqrt().max(f64::MIN_POSITIVE);
    let standard = centred.map(|value| value / size);
    Ok(Posterior::fit(&standard, labels, classes, rng).of(&standard))
}

/// Softmax regression.
#[derive(Clone, Debug)]
struct Posterior {
    /// `[classes, dim]`.
    weights: Matrix,
    bias: Vec<f64>,
}

impl Posterior {
    /// Fits to labelled inputs, `[images, dim]`.
    fn fit(inputs: &Matrix, labels: &[u16], classes: usize, rng: &mut Xoshiro256PlusPlus) -> Self {
        let dim = inputs.columns();
        let mut fitted = Self { weights: Matrix::zeros(classes, dim), bias: vec![0.0; classes] };
        let (mut weights, mut bias) = (Adam::new(classes * dim), Adam::new(classes));
        for step in 0..STEPS {
            let batch: Vec<usize> = (0..BATCH).map(|_| rng.random_range(0..labels.len())).collect();
            let x = Matrix::from_rows(dim, batch.iter().map(|&image| inputs.row(image)));
            let mut error = fitted.of(&x);
            for (row, &image) in batch.iter().enumerate() {
                error[(row, labels[image].into())] -= 1.0;
            }
            let error = error.map(|error| error / BATCH as f64);
            let mut gradient = error.transposed().times(&x);
            gradient.add(&fitted.weights.clone().map(|weight| PENALTY * weight));
            let rate = rate(RATE, step, STEPS);
            weights.step(fitted.weights.values_mut(), gradient.values(), rate);
            bias.step(&mut fitted.bias, &error.column_sums(), rate);
        }
        fitted
    }

    /// The probability of each class, `[images, classes]`.
    fn of(&self, inputs: &Matrix) -> Matrix {
        let mut logits = inputs.times(&self.weights.transposed());
        logits.add_to_rows(&self.bias);
        for row in logits.each_row_mut() {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            row.iter_mut().for_each(|logit| *logit = (*logit - largest).exp());
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|value| *value /= sum);
        }
        logits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn probabilities_follow_how_often_classes_occur_together() {
        // Where the first value is 1, three of four images are of class 1; elsewhere all are of class 0.
        let inputs = Matrix::from_fn(800, 2, |row, column| f64::from(u8::from(column == row % 2)));
        let labels: Vec<u16> = (0..800).map(|n| u16::from(n % 2 == 0 && n % 8 != 0)).collect();
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
        let found = Posterior::fit(&inputs, &labels, 2, rng)
            .of(&Matrix::from_rows(2, [[1.0, 0.0], [0.0, 1.0]]));
        assert!((found[(0, 1)] - 0.75).abs() < 0.06, "{found:?}");
        assert!(found[(1, 1)] < 0.06, "{found:?}");
        assert!((found.row(0).iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
    }
}
