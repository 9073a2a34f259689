//! The scale of a row of a layer normalisation, without jumps that depend on the row.

use super::machine::sign;
use crate::fixed::RowScale;

/// [`scalar::row_scale`](crate::kernels::scalar::row_scale).
#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "both words of 64 bits are used")]
pub(super) fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let (mut sum, mut squares) = (0, 0);
    for &x in x {
        let x = i32::from(x);
        sum += x;
        squares += i64::from((x * x).cast_unsigned());
    }
    let v = RowScale::variance(x.len(), sum, squares, eps);
    let (mut high, mut low) = ((v >> 32) as u32, v as u32);
    // Shifts left by an even number, until one of the highest two bits is set. The first step is 32.
    let empty = is_zero(high);
    let mut half = 16 & empty;
    (high, low) = (select(empty, low, high), low & !empty);
    for step in [16, 8, 4, 2] {
        let empty = is_zero(high >> (32 - step));
        half += (step / 2) & empty;
        let moved = high << step | low >> (32 - step);
        (high, low) = (select(empty, moved, high), select(empty, low << step, low));
    }
    RowScale::normalised(x.len(), sum, half, high)
}

/// All ones if a value below 2^31 is 0, otherwise 0.
#[inline(always)]
fn is_zero(value: u32) -> u32 {
    sign(value.cast_signed().wrapping_sub(1)).cast_unsigned()
}

/// `a` where the mask has ones, `b` elsewhere.
#[inline(always)]
fn select(mask: u32, a: u32, b: u32) -> u32 {
    b ^ ((a ^ b) & mask)
}
