//! Layer normalisation.

use super::super::instructions::{asr, smlad, smlald, word};
use super::super::requant::{UpperRequant, sat8, sat16};
use crate::fixed::{RowScale, rescale};
use crate::kernels::operand::{Norm, NormAffine};
use crate::rows::{rows, rows_mut};

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let zero_point = i32::from(norm.zero_point);
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        let Some(requant) = UpperRequant::new(mult, shift, zero_point) else {
            for (&x, out) in x.iter().zip(out) {
                *out = sat8(zero_point + rescale(row.normalise(x), mult, shift));
            }
            continue;
        };
        let store = |x: &[i16], out: &mut [i8]| {
            for (&x, out) in x.iter().zip(out) {
                *out = sat8(requant.apply(row.normalise(x)));
            }
        };
        // Four at a time: the compiler unrolls the loop over an array.
        let (fours, rest) = x.as_chunks::<4>();
        let (fours_out, rest_out) = out.as_chunks_mut::<4>();
        for (x, out) in fours.iter().zip(fours_out) {
            store(x, out);
        }
        store(rest, rest_out);
    }
}

/// Same contract as [`scalar::layer_norm_affine_i8`](crate::kernels::scalar::layer_norm_affine_i8).
pub(super) fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len();
    let shift = u32::from(norm.shift.clamp(1, 24));
    let offset = 1i32 << (shift - 1);
    let zero_point = i32::from(norm.zero_point);
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        // `RowScale::y` is below 2^31.
        let requant = UpperRequant::in_range(row.y().cast_signed(), 46, 0);
        let channels = norm.gamma.iter().zip(norm.beta.iter());
        for ((&x, (gamma, beta)), out) in x.iter().zip(channels).zip(out) {
            let t = i32::from(sat16(requant.apply(row.normalise(x))));
            let scaled = asr(t * i32::from(gamma) + beta + offset, shift);
            *out = sat8(zero_point + scaled);
        }
    }
}

/// [`scalar::row_scale`](crate::kernels::scalar::row_scale).
#[inline(never)]
fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let (sum, squares) = sums(x);
    RowScale::new(x.len(), sum, squares, eps)
}

/// `Σ x` and `Σ x²`.
fn sums(x: &[i16]) -> (i32, i64) {
    const ONES: u32 = 0x0001_0001;
    let (fours, rest) = x.as_chunks::<4>();
    let (mut sum, mut squares) = (0, (0, 0));
    for four in fours {
        let four = four.as_ptr().cast::<i8>();
        // SAFETY: four values have eight bytes.
        let (low, high) = unsafe { (word(four), word(four.add(4))) };
        sum = smlad(high, ONES, smlad(low, ONES, sum));
        squares = smlald(high, high, smlald(low, low, squares));
    }
    let mut squares = i64::from(squares.0) | i64::from(squares.1) << 32;
    for &x in rest {
        sum += i32::from(x);
        squares += i64::from(i32::from(x) * i32::from(x));
    }
    (sum, squares)
}
