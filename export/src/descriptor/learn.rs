//! Learns the code of the class part: two images get similar codes if they probably are of the same class.

use super::adam::{Adam, rate};
use super::matrix::Matrix;
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// Bits of a code.
const BITS: usize = 64;
const BATCH: usize = 256;
const RATE: f64 = 0.02;
/// Steepness of the function that replaces the sign, after the last step. Before the first step it is 1.
const STEEPNESS: f64 = 4.0;

/// Weights, `[64, values]`, and a bias for each row. The code of a vector has the signs of the products with the rows
/// plus the biases. `vectors` is `[images, values]`, and its values have a variance of about 1.
///
/// `likely` has the probability of each class for each image. The loss is the cross entropy between the probability
/// that two images are of one class and a logistic function of the number of bits that they share. Labels in place of
/// probabilities were rejected: the network has been trained on these images, so the code would fit them too closely,
/// and find less among other images.
pub(super) fn learn(
    vectors: &Matrix,
    likely: &Matrix,
    steps: usize,
    rng: &mut Xoshiro256PlusPlus,
) -> (Matrix, Vec<f64>) {
    let values = vectors.columns();
    // The products then have a variance of about 1.
    let size = (3.0 / values as f64).sqrt();
    let mut code = Matrix::from_fn(BITS, values, |_, _| size * rng.random_range(-1.0..1.0));
    let (mut offset, mut line) = (vec![0.0; BITS], [8.0, -2.0]);
    let [mut code_adam, mut offset_adam, mut line_adam] = [BITS * values, BITS, 2].map(Adam::new);
    for step in 0..steps {
        let batch: Vec<usize> = (0..BATCH).map(|_| rng.random_range(0..vectors.rows())).collect();
        let of = |matrix: &Matrix| {
            Matrix::from_rows(matrix.columns(), batch.iter().map(|&image| matrix.row(image)))
        };
        let (v, likely) = (of(vectors), of(likely));
        let same = likely.times(&likely.transposed());
        let steepness = 1.0 + (STEEPNESS - 1.0) * step as f64 / steps as f64;
        let mut bits = v.times(&code.transposed());
        bits.add_to_rows(&offset);
        let bits = bits.map(|bit| (steepness * bit).tanh());
        let (mut by_bits, by_line) = gradients(&bits, &same, line);
        for (gradient, bit) in by_bits.values_mut().iter_mut().zip(bits.values()) {
            *gradient *= steepness * (1.0 - bit * bit);
        }
        let rate = rate(RATE, step, steps);
        code_adam.step(code.values_mut(), by_bits.transposed().times(&v).values(), rate);
        offset_adam.step(&mut offset, &by_bits.column_sums(), rate);
        line_adam.step(&mut line, &by_line, 5.0 * rate);
    }
    (code, offset)
}

/// Gradients of the loss with respect to the bits, `[images, 64]`, and to gain and bias of the logistic function.
fn gradients(bits: &Matrix, same: &Matrix, [gain, bias]: [f64; 2]) -> (Matrix, [f64; 2]) {
    let (count, scale) = (bits.rows(), 1.0 / bits.columns() as f64);
    let mut error = bits.times(&bits.transposed());
    let (mut by_line, pairs) = ([0.0; 2], (count * (count - 1)) as f64);
    for (at, (error, same)) in error.values_mut().iter_mut().zip(same.values()).enumerate() {
        let shared = *error * scale;
        let found = 1.0 / (1.0 + (-gain * shared - bias).exp());
        // An image does not form a pair with itself.
        let other = at / count != at % count;
        *error = if other { (found - same) / pairs } else { 0.0 };
        by_line[0] += *error * shared;
        by_line[1] += *error;
    }
    let factor = 2.0 * gain * scale;
    (error.times(bits).map(|gradient| factor * gradient), by_line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn loss(bits: &Matrix, same: &Matrix, [gain, bias]: [f64; 2]) -> f64 {
        let inner = bits.times(&bits.transposed());
        let count = bits.rows();
        let pairs = inner.values().iter().zip(same.values()).enumerate();
        let pairs = pairs.filter(|(at, _)| at / count != at % count);
        let losses = pairs.map(|(_, (inner, same))| {
            let found = 1.0 / (1.0 + (-gain * inner / bits.columns() as f64 - bias).exp());
            -same * found.ln() - (1.0 - same) * (1.0 - found).ln()
        });
        losses.sum::<f64>() / (count * (count - 1)) as f64
    }

    #[test]
    fn gradients_are_those_of_the_loss() {
        let mut rng = kit::rng::Rng::new(5);
        let mut value = || rng.between(-900, 900) as f64 / 1000.0;
        let bits = Matrix::from_fn(4, 3, |_, _| value());
        let same = Matrix::from_fn(4, 4, |a, b| f64::from(u8::from(a % 2 == b % 2)) * 0.9);
        let line = [2.0, -0.5];
        let (by_bits, by_line) = gradients(&bits, &same, line);
        let step = 1e-5;
        for at in 0..12 {
            let moved = |by: f64| {
                let mut bits = bits.clone();
                bits.values_mut()[at] += by;
                loss(&bits, &same, line)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            assert!((by_bits.values()[at] - slope).abs() < 1e-7, "bit {at}: {slope}");
        }
        let bias = |by: f64| loss(&bits, &same, [line[0], line[1] + by]);
        let slope = (bias(step) - bias(-step)) / (2.0 * step);
        assert!((by_line[1] - slope).abs() < 1e-7, "bias: {slope}");
    }

    #[test]
    fn images_of_one_class_have_like_codes() {
        let mut rng = kit::rng::Rng::new(6);
        let mut noise = || rng.between(-1000, 1000) as f64 / 1000.0;
        // Only the first two of six values depend on the class.
        let vectors = Matrix::from_fn(300, 6, |image, value| match value {
            0 => noise() * 0.3 + if image % 3 == 0 { 2.0 } else { -1.0 },
            1 => noise() * 0.3 + if image % 3 == 1 { 2.0 } else { -1.0 },
            _ => noise() * 1.7,
        });
        let likely =
            Matrix::from_fn(300, 3, |image, class| f64::from(u8::from(image % 3 == class)));
        let (code, offset) =
            learn(&vectors, &likely, 200, &mut Xoshiro256PlusPlus::seed_from_u64(7));
        let code = |image: usize| -> Vec<bool> {
            code.apply(vectors.row(image)).iter().zip(&offset).map(|(c, o)| c + o > 0.0).collect()
        };
        let differ = |a, b| code(a).iter().zip(code(b)).filter(|&(a, b)| *a != b).count();
        let pairs = (0..100).map(|pair| (3 * pair, 3 * pair + 3 - 3 * (pair / 99), 3 * pair + 1));
        let (mut same, mut other) = (0, 0);
        for (image, alike, different) in pairs {
            same += differ(image, alike);
            other += differ(image, different);
        }
        assert!(8 * same < other, "{same} bits for one class, {other} for two");
    }
}
