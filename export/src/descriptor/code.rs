//! The rotation whose signs are the code of a vector.

use super::matrix::{Matrix, dot};
use anyhow::{Context, Result};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

/// Bits of a code.
const BITS: usize = 64;
/// Vectors that the rotation is fitted to.
const SAMPLE: usize = 4000;
/// Number of iterations. The fit changes little after about twenty.
const ROUNDS: usize = 40;

/// Fits a rotation `[64, n]` and an offset that is added after it. The signs of the results keep as much as
/// possible of the directions of the vectors. If a vector has fewer values than the code has bits, the columns
/// of the matrix are orthonormal (its rows form a tight frame).
///
/// # Errors
/// If there are no vectors.
///
/// # Source
/// Gong and Lazebnik, "Iterative Quantization", 2011; here also for fewer values than bits.
pub(super) fn rotation(
    vectors: &[Vec<i8>],
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(Matrix, Vec<f64>)> {
    let n = vectors.first().context("no vectors to fit a code to")?.len();
    let step = vectors.len().div_ceil(SAMPLE);
    let vectors: Vec<Vec<f64>> = vectors
        .iter()
        .step_by(step)
        .map(|vector| vector.iter().map(|&value| f64::from(value)).collect())
        .collect();
    let mut centre = vec![0.0; n];
    for vector in &vectors {
        centre.iter_mut().zip(vector).for_each(|(c, v)| *c += v / vectors.len() as f64);
    }
    let centred: Vec<Vec<f64>> =
        vectors.iter().map(|v| v.iter().zip(&centre).map(|(v, c)| v - c).collect()).collect();
    let mut start = Matrix::zeros(BITS, n);
    for row in 0..BITS {
        for column in 0..n {
            start[(row, column)] = rng.random_range(-1.0..1.0);
        }
    }
    let mut rotation = polar(&start);
    for _ in 0..ROUNDS {
        // The next rotation is the one nearest to Σ sign(R v) vᵀ.
        let mut correlation = Matrix::zeros(BITS, n);
        for vector in &centred {
            correlation.add_signed(&rotation.apply(vector), vector);
        }
        rotation = polar(&correlation);
    }
    let offset = rotation.each_row().map(|row| -dot(row, &centre)).collect();
    Ok((rotation, offset))
}

/// The nearest matrix with orthonormal columns, or with orthonormal rows if it has fewer rows than columns:
/// `M · (Mᵀ M)^(−1/2)`.
fn polar(matrix: &Matrix) -> Matrix {
    if matrix.columns() > matrix.rows() {
        return polar(&matrix.transposed()).transposed();
    }
    let (values, vectors) = matrix.transposed().times(matrix).eigen();
    let floor = 1e-12 * values[0].max(f64::MIN_POSITIVE);
    let roots: Vec<f64> = values.iter().map(|value| value.max(floor).sqrt().recip()).collect();
    matrix.times(&vectors.transposed().times(&vectors.scaled_rows(&roots)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn near_vectors_have_near_codes() {
        for n in [9, 64, 100] {
            let mut rng = kit::rng::Rng::new(n as u64);
            let mut random = || (0..n).map(|_| rng.pick(-100, 100)).collect::<Vec<i8>>();
            let vectors: Vec<Vec<i8>> = (0..300).map(|_| random()).collect();
            let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
            let (rotation, offset) = rotation(&vectors, rng).unwrap();
            let code = |vector: &[i8]| -> Vec<bool> {
                let vector: Vec<f64> = vector.iter().map(|&v| v.into()).collect();
                rotation.apply(&vector).iter().zip(&offset).map(|(r, o)| r + o > 0.0).collect()
            };
            let differ =
                |a: &[i8], b: &[i8]| code(a).iter().zip(code(b)).filter(|&(a, b)| *a != b).count();
            let (mut near, mut far) = (0, 0);
            for pair in vectors.windows(2) {
                let moved: Vec<i8> = pair[0].iter().map(|v| v.saturating_add(9)).collect();
                near += differ(&pair[0], &moved);
                far += differ(&pair[0], &pair[1]);
            }
            assert!(4 * near < far, "{n} values: {near} bits for near vectors, {far} for others");
        }
    }

    #[test]
    fn a_polar_factor_has_orthonormal_columns_or_rows() {
        let tall = Matrix::from_fn(5, 3, |row, column| ((row * 7 + column * 5) % 11) as f64);
        let product = polar(&tall).transposed().times(&polar(&tall));
        let wide = polar(&tall.transposed());
        let other = wide.times(&wide.transposed());
        for (product, at) in [(&product, "columns"), (&other, "rows")] {
            for row in 0..3 {
                for column in 0..3 {
                    let expected = f64::from(u8::from(row == column));
                    assert!((product[(row, column)] - expected).abs() < 1e-9, "{at}: {product:?}");
                }
            }
        }
    }
}
