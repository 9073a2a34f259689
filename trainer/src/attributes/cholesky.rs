//! Systems of linear equations with a symmetric positive definite matrix.

/// The lower triangle `L` with `L · Lᵀ` equal to a matrix.
pub(super) struct Cholesky {
    n: usize,
    /// `[n, n]`; above the diagonal it is not used.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix`, `[n, n]`. `None` if it is not positive definite.
    pub(super) fn new(matrix: Vec<f64>, n: usize) -> Option<Self> {
        let mut lower = matrix;
        for i in 0..n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
                let rest = lower[i * n + j] - dot;
                lower[i * n + j] = match i == j {
                    true if rest > 0.0 => rest.sqrt(),
                    true => return None,
                    false => rest / lower[j * n + j],
                };
            }
        }
        Some(Self { n, lower })
    }

    /// Replaces `b` by the solution `x` of `L · x = b`.
    pub(super) fn forward(&self, b: &mut [f64]) {
        for i in 0..self.n {
            let dot: f64 = (0..i).map(|k| self.lower[i * self.n + k] * b[k]).sum();
            b[i] = (b[i] - dot) / self.lower[i * self.n + i];
        }
    }

    /// Replaces `b` by the solution `x` of `Lᵀ · x = b`.
    pub(super) fn backward(&self, b: &mut [f64]) {
        for i in (0..self.n).rev() {
            let dot: f64 = (i + 1..self.n).map(|k| self.lower[k * self.n + i] * b[k]).sum();
            b[i] = (b[i] - dot) / self.lower[i * self.n + i];
        }
    }

    /// Replaces `b` by the solution `x` of `L · Lᵀ · x = b`.
    pub(super) fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        self.backward(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let matrix = vec![4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let x = [1.0, -2.0, 0.5];
        let mut b: Vec<f64> =
            (0..3).map(|i| (0..3).map(|j| matrix[3 * i + j] * x[j]).sum()).collect();
        Cholesky::new(matrix, 3).unwrap().solve(&mut b);
        for (found, expected) in b.into_iter().zip(x) {
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        }
        assert!(Cholesky::new(vec![1.0, 2.0, 2.0, 1.0], 2).is_none(), "not positive");
    }
}
