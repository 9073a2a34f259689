//! The class part from embeddings and their labels.

use super::learn::learn;
use super::matrix::Matrix;
use super::moments::{class_means, covariance, mean};
use super::part::{Part, STEPS};
use super::posterior::probabilities;
use super::spread::part;
use anyhow::Result;
use rand::rngs::Xoshiro256PlusPlus;

/// Share of the largest variance within classes that is added to every variance within classes (a ridge). It is large,
/// because the network was fitted to these images. In other images, a class varies more, and in other directions.
const WITHIN_RIDGE: f64 = 1.0;
/// Number of steps in which the code is learned.
const CODE_STEPS: usize = 1500;

/// The class part with its code, and the vectors of the inputs.
///
/// # Errors
/// If a class has no images.
pub(super) fn class_part(
    inputs: &[Vec<i8>],
    labels: &[u16],
    classes: usize,
    values: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(Part, Vec<Vec<i8>>)> {
    let (part, vectors) = part(discriminant(inputs, labels, classes, values - 1)?, inputs, rng)?;
    let likely = probabilities(inputs, labels, classes, rng)?;
    let steps = f64::from(STEPS);
    let standard = vectors.iter().map(|vector| -> Vec<f64> {
        vector.iter().map(|&value| f64::from(value) / steps).collect()
    });
    let (code, offset) = learn(&Matrix::from_rows(values, standard), &likely, CODE_STEPS, rng);
    let offset: Vec<f64> = offset.into_iter().map(|offset| offset * steps).collect();
    Ok((part.with_code(&code, &offset), vectors))
}

/// The map to the `count` directions in which classes differ most in relation to the differences within a class, and
/// the mean that is subtracted first.
///
/// # Source
/// Fisher's linear discriminant, for many classes.
fn discriminant(
    inputs: &[Vec<i8>],
    labels: &[u16],
    classes: usize,
    count: usize,
) -> Result<(Matrix, Vec<f64>)> {
    let all = mean(inputs)?;
    let means = class_means(inputs, labels, classes)?;
    let within = covariance(inputs, |image| &means[usize::from(labels[image])]);
    let (values, vectors) = within.eigen();
    let ridge = WITHIN_RIDGE * values[0].max(f64::MIN_POSITIVE);
    let factors: Vec<f64> =
        values.iter().map(|value| (value.max(0.0) + ridge).sqrt().recip()).collect();
    let white = vectors.scaled_rows(&factors);
    let mut between = Matrix::zeros(all.len(), all.len());
    for mean in &means {
        let difference: Vec<f64> = mean.iter().zip(&all).map(|(mean, all)| mean - all).collect();
        between.add_outer(1.0 / classes as f64, &white.apply(&difference));
    }
    // The means differ only in the first `classes − 1` directions. The further ones are arbitrary directions
    // within classes.
    let (_, directions) = between.eigen();
    let rows = (0..count).map(|row| directions.row(row));
    Ok((Matrix::from_rows(all.len(), rows).times(&white), all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::fit::tests::random;

    #[test]
    fn the_first_directions_are_those_in_which_classes_differ() {
        let mut inputs = random(2000, 5, 2);
        let labels: Vec<u16> = (0..2000).map(|image| image % 2).collect();
        for (x, &label) in inputs.iter_mut().zip(&labels) {
            x[3] = x[3] / 4 + if label == 1 { 60 } else { -60 };
        }
        let (map, mean) = discriminant(&inputs, &labels, 2, 2).unwrap();
        let side = |x: &Vec<i8>| {
            let x: Vec<f64> = x.iter().zip(&mean).map(|(&x, mean)| f64::from(x) - mean).collect();
            map.apply(&x)[0] > 0.0
        };
        let first = side(&inputs[0]);
        let right =
            inputs.iter().zip(&labels).filter(|&(x, &label)| side(x) == (first == (label == 0)));
        assert_eq!(right.count(), 2000, "images on the side of their class");
    }
}
