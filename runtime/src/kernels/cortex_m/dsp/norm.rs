//! Layer normalisation.

use super::instructions::{smlad, smlald};
use super::rescale::HighWord;
use crate::fixed::{RowScale, sat8};
use crate::kernels::{Norm, scalar};
use crate::rows::{rows, rows_mut};

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    if HighWord::new(1, shift, norm.zero_point).is_none() {
        return scalar::layer_norm_i8(x, dim, norm, out);
    }
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let (sum, squares) = sums(x);
        let row = RowScale::new(x.len(), sum, squares, norm.eps);
        let Some(scale) = HighWord::new(row.times(norm.mult), shift, norm.zero_point) else {
            return;
        };
        for (&x, out) in x.iter().zip(out) {
            *out = sat8(scale.apply(row.normalise(x)));
        }
    }
}

/// `Σ x` and `Σ x²`.
fn sums(x: &[i16]) -> (i32, i64) {
    const ONES: u32 = 0x0001_0001;
    let (pairs, rest) = x.as_chunks::<2>();
    let (mut sum, mut squares) = (0, (0, 0));
    for pair in pairs {
        // SAFETY: a pair has four bytes.
        let pair = unsafe { super::instructions::word(pair.as_ptr().cast()) };
        sum = smlad(pair, ONES, sum);
        squares = smlald(pair, pair, squares);
    }
    let mut squares = i64::from(squares.0) | i64::from(squares.1) << 32;
    for &x in rest {
        sum += i32::from(x);
        squares += i64::from(i32::from(x) * i32::from(x));
    }
    (sum, squares)
}
