//! Softmax of one row of scores, without its division.

use crate::fixed::exp2_neg;
use crate::kernels::operand::Attention;

/// Turns a row's scores into exponentials and sums them.
#[inline]
pub(super) fn exponentials(attention: &Attention, scores: &mut [i32]) -> u32 {
    let highest = scores.iter().copied().max().unwrap_or(0);
    let mut sum = 0;
    for score in scores {
        let e = exp2_neg(attention.octaves.apply(highest.abs_diff(*score)));
        sum += u32::from(e);
        *score = e.into();
    }
    sum
}
