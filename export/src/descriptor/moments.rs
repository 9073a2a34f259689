//! Means and covariances of inputs.

use super::matrix::Matrix;
use anyhow::{Context, Result};

/// The mean of each value over all inputs.
///
/// # Errors
/// If there are no inputs.
pub(super) fn mean(inputs: &[Vec<i8>]) -> Result<Vec<f64>> {
    let dim = inputs.first().context("no images")?.len();
    let mut sums = vec![0.0; dim];
    inputs.iter().for_each(|x| sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += f64::from(x)));
    Ok(sums.into_iter().map(|sum| sum / inputs.len() as f64).collect())
}

/// The means of the inputs of each class.
///
/// # Errors
/// If a class has no inputs.
pub(super) fn class_means(
    inputs: &[Vec<i8>],
    labels: &[u16],
    classes: usize,
) -> Result<Vec<Vec<f64>>> {
    let of = |class: usize| {
        let pairs = inputs.iter().zip(labels).filter(|&(_, &label)| usize::from(label) == class);
        let inputs: Vec<Vec<i8>> = pairs.map(|(x, _)| x.clone()).collect();
        mean(&inputs).with_context(|| format!("no image of class {class}"))
    };
    (0..classes).map(of).collect()
}

/// The covariance of inputs. `centre` gives the centre of the input with a number.
pub(super) fn covariance<'c>(inputs: &[Vec<i8>], centre: impl Fn(usize) -> &'c Vec<f64>) -> Matrix {
    let dim = inputs.first().map_or(1, Vec::len);
    let mut covariance = Matrix::zeros(dim, dim);
    let weight = 1.0 / inputs.len() as f64;
    for (image, x) in inputs.iter().enumerate() {
        let x: Vec<f64> = x.iter().zip(centre(image)).map(|(&x, c)| f64::from(x) - c).collect();
        covariance.add_outer(weight, &x);
    }
    covariance
}
