//! The mean pool's sums.

use crate::rows::rows;

/// Same contract as [`scalar::pool_i32`](crate::kernels::scalar::pool_i32).
pub(super) fn pool_i32(x: &[i8], zero_point: i8, out: &mut [i32]) {
    // Every token's zero point at once.
    let start = rows(x, out.len()).fold(0, |sum, _| sum - i32::from(zero_point));
    out.fill(start);
    let (fours_out, rest_out) = out.as_chunks_mut::<4>();
    for x in rows(x, 4 * fours_out.len() + rest_out.len()) {
        let (fours, rest) = x.as_chunks::<4>();
        for (out, x) in fours_out.iter_mut().zip(fours) {
            add(out, x);
        }
        add(rest_out, rest);
    }
}

#[inline(always)]
fn add(out: &mut [i32], x: &[i8]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out += i32::from(x);
    }
}
