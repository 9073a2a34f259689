//! A part whose normalisation loses nothing of a linear map.

use super::matrix::{Matrix, dot};
use super::part::Part;
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;
use runtime::error::ShapeError;

/// A part without a code, and the vectors of the inputs. The part has one value more than the map has rows, because the
/// normalisation removes one dimension.
///
/// # Errors
/// If an input has another length than the map reads.
pub(super) fn part(
    (map, subtracted): (Matrix, Vec<f64>),
    inputs: &[Vec<i8>],
    rng: &mut Xoshiro256PlusPlus,
) -> Result<(Part, Vec<Vec<i8>>), ShapeError> {
    let map = spread(map.rows() + 1, rng).times(&map);
    let offset: Vec<f64> = map.apply(&subtracted).into_iter().map(|value| -value).collect();
    let part = Part::new(&map, &offset);
    let vectors = inputs.iter().map(|x| part.vector(x)).collect::<Result<Vec<_>, _>>()?;
    Ok((part, vectors))
}

/// Random orthonormal columns, `[n, n − 1]`. Each sums to zero, so that the outputs have a mean of zero, and the
/// normalisation changes nothing when it subtracts the mean.
fn spread(n: usize, rng: &mut Xoshiro256PlusPlus) -> Matrix {
    let mut columns = vec![vec![(n as f64).sqrt().recip(); n]];
    while columns.len() < n {
        let mut column: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        // Twice, because rounding errors remain after the first time.
        for other in columns.iter().chain(&columns) {
            let along = dot(&column, other);
            column.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
        }
        let length = dot(&column, &column).sqrt();
        if length > 1e-6 {
            columns.push(column.into_iter().map(|value| value / length).collect());
        }
    }
    Matrix::from_rows(n, columns.into_iter().skip(1)).transposed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn spread_columns_are_orthonormal_and_sum_to_zero() {
        let spread = spread(7, &mut Xoshiro256PlusPlus::seed_from_u64(3));
        assert_eq!((spread.rows(), spread.columns()), (7, 6), "shape");
        let product = spread.transposed().times(&spread);
        for row in 0..6 {
            assert!(spread.transposed().row(row).iter().sum::<f64>().abs() < 1e-12, "{spread:?}");
            for column in 0..6 {
                let expected = f64::from(u8::from(row == column));
                assert!((product[(row, column)] - expected).abs() < 1e-12, "{product:?}");
            }
        }
    }
}
