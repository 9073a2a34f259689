//! Matrix products of slices.

#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

use gemm::Parallelism;
#[cfg(target_arch = "x86_64")]
use rayon::prelude::*;

#[cfg(target_arch = "x86_64")]
use super::bf16;
use super::matrix::{Matrix, Output};
#[cfg(target_arch = "x86_64")]
use super::precision;

/// Smallest number of multiply-accumulates for which a product is split over the cores.
const PARALLEL_MACS: usize = 1 << 22;

/// Smallest number of multiply-accumulates for which the factors of a product are rounded to bf16. For fewer, copying
/// them to tiles takes longer than the product.
#[cfg(target_arch = "x86_64")]
const MIN_BF16_MACS: usize = 1 << 13;

/// Writes `scale·a·b` to `out`, whose rows are `row_stride` apart. For one `b` of many products, see [`Factor`].
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
    let macs = a.rows() * a.columns() * b.columns();
    if macs < PARALLEL_MACS {
        run(a, b, 1.0, out, b.columns(), output, Parallelism::None);
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if precision::unit().is_some() {
        let rows = a.rows().div_ceil(rayon::current_num_threads()).next_multiple_of(bf16::BLOCK);
        let parts = out[..a.rows() * b.columns()].par_chunks_mut(rows * b.columns()).enumerate();
        parts.for_each(|(index, out)| {
            let first = index * rows;
            let a = a.part(first..first + out.len() / b.columns(), 0..a.columns());
            run(a, b, 1.0, out, b.columns(), output, Parallelism::None);
        });
        return;
    }
    run(a, b, 1.0, out, b.columns(), output, Parallelism::Rayon(0));
}

/// A second factor of many products. For products in bf16 it is put into tiles once.
pub(crate) struct Factor<'a> {
    matrix: Matrix<'a>,
    /// Made for the first product.
    #[cfg(target_arch = "x86_64")]
    packed: OnceLock<Option<bf16::Packed>>,
}

impl<'a> Factor<'a> {
    pub(crate) const fn new(matrix: Matrix<'a>) -> Self {
        Self {
            matrix,
            #[cfg(target_arch = "x86_64")]
            packed: OnceLock::new(),
        }
    }

    /// The values, as they were given.
    pub(crate) const fn matrix(&self) -> Matrix<'a> {
        self.matrix
    }

    /// Writes `a` times this factor to `out`, whose rows follow each other without gaps.
    ///
    /// # Panics
    /// If the shapes disagree or `out` is too short.
    pub(crate) fn product(&self, a: Matrix<'_>, out: &mut [f32], output: Output) {
        let width = self.matrix.columns();
        #[cfg(target_arch = "x86_64")]
        if a.rows() * self.matrix.rows() * width >= MIN_BF16_MACS
            && let Some(packed) = self.packed()
        {
            check(a, self.matrix, out, width);
            packed.multiply(a, out, output);
            return;
        }
        multiply(a, self.matrix, 1.0, out, width, output);
    }
}

#[cfg(target_arch = "x86_64")]
impl Factor<'_> {
    /// The tiles of this factor, if products are in bf16.
    fn packed(&self) -> Option<&bf16::Packed> {
        let pack = || precision::unit().map(|unit| bf16::Packed::new(unit, self.matrix));
        self.packed.get_or_init(pack).as_ref()
    }
}

/// Checks that the shapes agree and that the output fits its slice.
fn check(a: Matrix<'_>, b: Matrix<'_>, out: &[f32], row_stride: usize) {
    assert_eq!(a.columns(), b.rows(), "columns of the first and rows of the second factor");
    assert!(b.columns() <= row_stride, "rows of the output do not overlap");
    assert!((a.rows() - 1) * row_stride + b.columns() <= out.len(), "the output fits its slice");
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
    let (rows, columns) = (a.rows(), b.columns());
    check(a, b, out, row_stride);
    #[cfg(target_arch = "x86_64")]
    if rows * columns * a.columns() >= MIN_BF16_MACS
        && let Some(unit) = precision::unit()
    {
        bf16::multiply(unit, a, b, scale, out, row_stride, output);
        return;
    }
    let (a_values, a_strides) = a.values_and_strides();
    let (b_values, b_strides) = b.values_and_strides();
    // SAFETY: the constructor of `Matrix` checked that the last element of each factor lies within its
    // slice. `check` has made sure of the same for `out`, which is borrowed exclusively. Strides are not
    // negative, so no element lies after the last one. Slice lengths fit an isize.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            a.columns(),
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            output == Output::Add,
            a_values.as_ptr(),
            a_strides[1] as isize,
            a_strides[0] as isize,
            b_values.as_ptr(),
            b_strides[1] as isize,
            b_strides[0] as isize,
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
