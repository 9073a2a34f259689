//! Layer normalisation.

use crate::fixed::{rescale, sat8};
use crate::kernels::operand::Norm;
use crate::kernels::scalar;
use crate::rows::{rows, rows_mut};

/// Same contract as [`scalar::layer_norm_i8`].
pub fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = scalar::row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = sat8(i32::from(norm.zero_point) + rescale(row.normalise(x), mult, shift));
        }
    }
}
