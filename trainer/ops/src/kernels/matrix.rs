//! Matrices in slices, and what a product does to its output.

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

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
    #[cfg(target_arch = "x86_64")]
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
