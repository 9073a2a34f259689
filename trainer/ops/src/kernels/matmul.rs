//! Matrix products of slices.

use std::ops::Range;

use gemm::Parallelism;
use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
use super::bf16;
#[cfg(target_arch = "x86_64")]
use super::precision;

/// Smallest number of multiply-accumulates for which a product is split over the cores.
const PARALLEL_MACS: usize = 1 << 22;

/// Smallest number of multiply-accumulates for which the factors of a product are rounded to bf16. For fewer, copying
/// them to tiles takes longer than the product.
#[cfg(target_arch = "x86_64")]
const MIN_BF16_MACS: usize = 1 << 13;

/// A matrix in a slice. Its first value is the first of the slice. Rows have any distance, and so have columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one after another.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// Rows `row_stride` apart.
    ///
    /// # Panics
    /// If `values` is too short.
    pub(crate) fn strided(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        assert!(rows > 0 && columns > 0, "a matrix has rows and columns");
        assert!((rows - 1) * row_stride + columns <= values.len(), "a matrix fits its slice");
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    pub(crate) const fn rows(self) -> usize {
        self.rows
    }

    pub(crate) const fn columns(self) -> usize {
        self.columns
    }

    /// The values, and the distances of rows and of columns. One of the distances is 1.
    pub(super) const fn values_and_strides(self) -> (&'a [f32], [usize; 2]) {
        (self.values, [self.row_stride, self.column_stride])
    }

    /// Some rows and columns, not none.
    pub(super) fn part(self, rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(!rows.is_empty() && rows.end <= self.rows, "rows of the matrix");
        assert!(!columns.is_empty() && columns.end <= self.columns, "columns of the matrix");
        let first = rows.start * self.row_stride + columns.start * self.column_stride;
        Self { values: &self.values[first..], rows: rows.len(), columns: columns.len(), ..self }
    }

    /// The same values with rows and columns exchanged.
    pub(crate) const fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What happens to the values that the output already holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// They are replaced by the product.
    Replace,
    /// The product is added to them.
    Add,
}

/// Writes `scale·a·b` to `out`, whose rows are `row_stride` apart.
///
/// # Panics
/// If the shapes disagree or `out` is too short.
pub(crate) fn multiply(
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    out: &mut [f32],
    row_stride: usize,
    output: Output,
) {
    run(a, b, scale, out, row_stride, output, Parallelism::None);
}

/// As [`multiply`] without gaps between rows, on all cores if the product is large.
pub(crate) fn multiply_parallel(a: Matrix<'_>, b: Matrix<'_>, out: &mut [f32], output: Output) {
    let macs = a.rows * a.columns * b.columns;
    if macs < PARALLEL_MACS {
        run(a, b, 1.0, out, b.columns, output, Parallelism::None);
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if precision::is_bf16() && bf16::Unit::best().is_some() {
        let rows = a.rows.div_ceil(rayon::current_num_threads()).next_multiple_of(bf16::BLOCK);
        let parts = out[..a.rows * b.columns].par_chunks_mut(rows * b.columns).enumerate();
        parts.for_each(|(index, out)| {
            let first = index * rows;
            let a = a.part(first..first + out.len() / b.columns, 0..a.columns);
            run(a, b, 1.0, out, b.columns, output, Parallelism::None);
        });
        return;
    }
    run(a, b, 1.0, out, b.columns, output, Parallelism::Rayon(0));
}

fn run(
    a: Matrix<'_>,
    b: Matrix<'_>,
    scale: f32,
    out: &mut [f32],
    row_stride: usize,
    output: Output,
    parallelism: Parallelism,
) {
    let (rows, columns) = (a.rows, b.columns);
    assert_eq!(a.columns, b.rows, "columns of the first and rows of the second factor");
    assert!(columns <= row_stride, "rows of the output do not overlap");
    assert!((rows - 1) * row_stride + columns <= out.len(), "the output fits its slice");
    #[cfg(target_arch = "x86_64")]
    if precision::is_bf16()
        && rows * columns * a.columns >= MIN_BF16_MACS
        && let Some(unit) = bf16::Unit::best()
    {
        bf16::multiply(unit, a, b, scale, out, row_stride, output);
        return;
    }
    // SAFETY: the constructor of `Matrix` checked that the last element of each factor lies within its
    // slice. The assertions above check the same for `out`, which is borrowed exclusively. Strides are not
    // negative, so no element lies after the last one. Slice lengths fit an isize.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            output == Output::Add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 0.0, 1.0, 2.0, 2.0];
        let mut out = [10.0; 4];
        multiply(Matrix::new(&a, 2, 3), Matrix::new(&b, 3, 2), 1.0, &mut out, 2, Output::Replace);
        assert_eq!(out, [7.0, 8.0, 16.0, 17.0], "2 × 3 by 3 × 2");
        let (a, b) = (Matrix::new(&a, 3, 2), Matrix::new(&b, 3, 2));
        multiply(a.transposed(), b, 2.0, &mut out, 2, Output::Add);
        assert_eq!(out, [7.0 + 22.0, 8.0 + 26.0, 16.0 + 28.0, 17.0 + 32.0], "transposed, added");
    }

    #[test]
    fn strided_columns_leave_their_neighbours() {
        let a = [1.0, 9.0, 2.0, 9.0];
        let a = Matrix::strided(&a, 2, 1, 2);
        let mut out = [5.0; 6];
        let b = [3.0, 4.0];
        multiply(a, Matrix::new(&b, 1, 2), 1.0, &mut out, 3, Output::Replace);
        assert_eq!(out, [3.0, 4.0, 5.0, 6.0, 8.0, 5.0], "the third column is untouched");
    }

    #[test]
    fn splitting_a_product_changes_nothing() {
        let values = |n: usize| (0..n).map(|i| (i as f32 * 0.37).sin()).collect::<Vec<_>>();
        let (a, b) = (values(160 * 200), values(200 * 150));
        let (a, b) = (Matrix::new(&a, 160, 200), Matrix::new(&b, 200, 150));
        let (mut one, mut all) = (vec![0.0; 160 * 150], vec![0.0; 160 * 150]);
        multiply(a, b, 1.0, &mut one, 150, Output::Replace);
        multiply_parallel(a, b, &mut all, Output::Replace);
        let worst = one.iter().zip(&all).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "differs by {worst}");
    }
}
