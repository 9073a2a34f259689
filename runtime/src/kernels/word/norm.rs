//! Layer normalisation.

use super::clamp::{sat8, sat16};
use super::row_scale::row_scale;
use crate::fixed::{RowScale, rescale};
use crate::kernels::operand::{Norm, NormAffine};
use crate::kernels::upper::UpperRequant;
use crate::rows::{rows, rows_mut};

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let zero = i32::from(norm.zero_point) + 128;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        match UpperRequant::new(mult, shift, zero) {
            Some(requant) => {
                for (&x, out) in x.iter().zip(out) {
                    *out = sat8(requant.apply(row.normalise(x)));
                }
            }
            None => plain(x, row, (mult, shift, zero), out),
        }
    }
}

/// A row whose shift [`UpperRequant`] does not support.
#[cold]
#[inline(never)]
fn plain(x: &[i16], row: RowScale, (mult, shift, zero): (i32, u8, i32), out: &mut [i8]) {
    for (&x, out) in x.iter().zip(out) {
        *out = sat8(zero + rescale(row.normalise(x), mult, shift));
    }
}

/// Same contract as [`scalar::layer_norm_affine_i8`](crate::kernels::scalar::layer_norm_affine_i8).
pub(super) fn layer_norm_affine_i8(x: &[i16], norm: &NormAffine<'_>, out: &mut [i8]) {
    let dim = norm.gamma.len();
    let shift = u32::from(norm.shift.clamp(1, 24));
    let offset = 1i32 << (shift - 1);
    let zero = i32::from(norm.zero_point) + 128;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        // `RowScale::y` is below 2^31.
        let requant = UpperRequant::in_range(row.y().cast_signed(), 46, 0);
        let channels = norm.gamma.iter().zip(norm.beta.iter());
        for ((&x, (gamma, beta)), out) in x.iter().zip(channels).zip(out) {
            let t = i32::from(sat16(requant.apply(row.normalise(x))));
            *out = sat8(zero + ((t * i32::from(gamma) + beta + offset) >> shift));
        }
    }
}
