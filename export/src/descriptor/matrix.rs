//! Small dense matrices, and the eigenvectors of symmetric ones.

use std::ops::{Index, IndexMut};

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// Zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        Self { columns, values: vec![0.0; rows * columns] }
    }

    /// The values that a function gives for row and column.
    pub(super) fn from_fn(
        rows: usize,
        columns: usize,
        mut value: impl FnMut(usize, usize) -> f64,
    ) -> Self {
        let values = (0..rows * columns).map(|at| value(at / columns, at % columns)).collect();
        Self { columns, values }
    }

    /// Rows of equal length.
    pub(super) fn from_rows<R: AsRef<[f64]>>(
        columns: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        let mut values = Vec::new();
        rows.into_iter().for_each(|row| values.extend_from_slice(&row.as_ref()[..columns]));
        Self { columns, values }
    }

    /// All values, row by row.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// All values, row by row.
    pub(super) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// Each value changed by a function.
    #[must_use]
    pub(super) fn map(mut self, change: impl Fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|value| *value = change(*value));
        self
    }

    /// Adds a matrix of the same shape.
    pub(super) fn add(&mut self, other: &Self) {
        add_scaled(&mut self.values, 1.0, &other.values);
    }

    /// Adds `x` to every row.
    pub(super) fn add_to_rows(&mut self, x: &[f64]) {
        self.each_row_mut().for_each(|row| add_scaled(row, 1.0, x));
    }

    /// The sum of each column.
    pub(super) fn column_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        self.each_row().for_each(|row| add_scaled(&mut sums, 1.0, row));
        sums
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// A row.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// All rows in order.
    pub(super) fn each_row(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.columns)
    }

    /// All rows in order.
    pub(super) fn each_row_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        self.values.chunks_exact_mut(self.columns)
    }

    /// Columns and rows exchanged.
    #[must_use]
    pub(super) fn transposed(&self) -> Self {
        Self::from_fn(self.columns, self.rows(), |row, column| self[(column, row)])
    }

    /// `self · other`.
    #[must_use]
    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.rows(), other.columns);
        for (row, out) in self.each_row().zip(product.values.chunks_exact_mut(other.columns)) {
            for (&factor, other) in row.iter().zip(other.each_row()) {
                add_scaled(out, factor, other);
            }
        }
        product
    }

    /// `self · x` for a column.
    pub(super) fn apply(&self, x: &[f64]) -> Vec<f64> {
        self.each_row().map(|row| dot(row, x)).collect()
    }

    /// Every row times its factor.
    #[must_use]
    pub(super) fn scaled_rows(mut self, factors: &[f64]) -> Self {
        for (row, factor) in self.values.chunks_exact_mut(self.columns).zip(factors) {
            row.iter_mut().for_each(|value| *value *= factor);
        }
        self
    }

    /// Adds `weight · x · xᵀ`.
    pub(super) fn add_outer(&mut self, weight: f64, x: &[f64]) {
        for (row, &factor) in self.values.chunks_exact_mut(self.columns).zip(x) {
            add_scaled(row, weight * factor, x);
        }
    }

    /// Adds `sign(signs) · xᵀ`.
    pub(super) fn add_signed(&mut self, signs: &[f64], x: &[f64]) {
        for (row, sign) in self.values.chunks_exact_mut(self.columns).zip(signs) {
            add_scaled(row, if *sign > 0.0 { 1.0 } else { -1.0 }, x);
        }
    }

    /// Eigenvalues of a symmetric matrix, the largest first, and the eigenvectors as rows.
    ///
    /// # Source
    /// The cyclic method of Jacobi, as in Golub and Van Loan, "Matrix Computations", section 8.5.
    pub(super) fn eigen(&self) -> (Vec<f64>, Self) {
        let n = self.columns;
        let mut a = self.clone();
        let mut vectors = Self::from_fn(n, n, |row, column| f64::from(u8::from(row == column)));
        let size: f64 = a.values.iter().map(|value| value * value).sum();
        for _ in 0..MAX_SWEEPS {
            let off: f64 = (0..n).map(|row| dot(&a.row(row)[..row], &a.row(row)[..row])).sum();
            if off <= size * PRECISION {
                break;
            }
            for p in 0..n {
                for q in p + 1..n {
                    let (cos, sin) = rotation(a[(p, p)], a[(q, q)], a[(p, q)]);
                    a.rotate_rows(p, q, cos, sin);
                    a.rotate_columns(p, q, cos, sin);
                    vectors.rotate_rows(p, q, cos, sin);
                }
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| a[(j, j)].total_cmp(&a[(i, i)]));
        let values = order.iter().map(|&i| a[(i, i)]).collect();
        (values, Self::from_rows(n, order.iter().map(|&i| vectors.row(i))))
    }

    fn rotate_rows(&mut self, p: usize, q: usize, cos: f64, sin: f64) {
        let (above, below) = self.values.split_at_mut(q * self.columns);
        let p = &mut above[p * self.columns..][..self.columns];
        for (p, q) in p.iter_mut().zip(below) {
            (*p, *q) = (cos * *p - sin * *q, sin * *p + cos * *q);
        }
    }

    fn rotate_columns(&mut self, p: usize, q: usize, cos: f64, sin: f64) {
        for row in self.values.chunks_exact_mut(self.columns) {
            (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
        }
    }
}

/// Maximum number of sweeps over all pairs. About ten are enough in practice.
const MAX_SWEEPS: usize = 40;
/// The sweeps end when the squares off the diagonal are at most this share of all squares.
const PRECISION: f64 = 1e-22;

/// Cosine and sine of the rotation that makes the element between `p` and `q` zero.
fn rotation(pp: f64, qq: f64, pq: f64) -> (f64, f64) {
    if pq == 0.0 {
        return (1.0, 0.0);
    }
    let tau = (qq - pp) / (2.0 * pq);
    let tan = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let cos = 1.0 / tan.hypot(1.0);
    (cos, tan * cos)
}

/// `Σ a · b`.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_scaled(out: &mut [f64], factor: f64, x: &[f64]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += factor * x;
    }
}

impl Index<(usize, usize)> for Matrix {
    type Output = f64;

    fn index(&self, (row, column): (usize, usize)) -> &f64 {
        &self.values[row * self.columns + column]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    fn index_mut(&mut self, (row, column): (usize, usize)) -> &mut f64 {
        &mut self.values[row * self.columns + column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let mut rng = kit::rng::Rng::new(seed);
        let mut matrix = Matrix::zeros(rows, columns);
        matrix.values.iter_mut().for_each(|value| *value = rng.between(-1000, 1000) as f64);
        matrix
    }

    #[test]
    fn eigenvectors_are_orthonormal_and_give_the_matrix_back() {
        for (n, rank) in [(1, 1), (2, 2), (7, 7), (40, 40), (12, 3)] {
            let factor = random(rank, n, n as u64);
            let matrix = factor.transposed().times(&factor);
            let (values, vectors) = matrix.eigen();
            assert!(values.is_sorted_by(|a, b| a >= b), "{n}: {values:?}");
            let back = vectors.transposed().times(&vectors.clone().scaled_rows(&values));
            let identity = vectors.times(&vectors.transposed());
            let size = values[0];
            for row in 0..n {
                for column in 0..n {
                    let one = f64::from(u8::from(row == column));
                    assert!((identity[(row, column)] - one).abs() < 1e-10, "{n}: {identity:?}");
                    let error = back[(row, column)] - matrix[(row, column)];
                    assert!(error.abs() < 1e-9 * size, "{n}: off by {error}");
                }
            }
            let small = values.iter().filter(|value| value.abs() < 1e-9 * size).count();
            assert_eq!(small, n - rank, "{n}: eigenvalues of zero");
        }
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let matrix = Matrix::from_rows(2, [[2.0, 1.0], [1.0, 2.0]]);
        let (values, vectors) = matrix.eigen();
        assert!((values[0] - 3.0).abs() < 1e-12 && (values[1] - 1.0).abs() < 1e-12, "{values:?}");
        assert!((vectors[(0, 0)] - vectors[(0, 1)]).abs() < 1e-12, "{vectors:?}");
    }

    #[test]
    fn products_are_those_by_hand() {
        let a = Matrix::from_rows(3, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(a.apply(&[1.0, 0.0, -1.0]), [-2.0, -2.0], "a column");
        let square = a.times(&a.transposed());
        assert_eq!(square, Matrix::from_rows(2, [[14.0, 32.0], [32.0, 77.0]]), "a · aᵀ");
        let mut outer = Matrix::zeros(2, 2);
        outer.add_outer(2.0, &[1.0, 3.0]);
        assert_eq!(outer, Matrix::from_rows(2, [[2.0, 6.0], [6.0, 18.0]]), "2 · x · xᵀ");
    }
}
