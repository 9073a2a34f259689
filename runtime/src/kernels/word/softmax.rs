//! Exponentials of four rows of scores, in place.

use super::clamp::{max, min};
use super::interleave::ROWS;
use crate::fixed::{Octaves, exp2_neg};

/// Turns the scores of four queries, key by key, into exponentials; returns the sum of each row.
#[inline(never)]
#[expect(clippy::cast_sign_loss, reason = "a distance to the highest score is not negative")]
pub(super) fn exponentials(octaves: Octaves, scores: &mut [[i32; ROWS]]) -> [u32; ROWS] {
    let mut highest = scores.first().copied().unwrap_or_default();
    for scores in &*scores {
        for (highest, &score) in highest.iter_mut().zip(scores) {
            *highest = max(*highest, score);
        }
    }
    // Distances are below 2^22. A distance up to the limit plus 1 has a product below 2^32. From nine octaves
    // on, the exponential is 0, so that the octaves need no clamp.
    let most = octaves.limit().min(1 << 22).cast_signed() + 1;
    let mut sums = [0; ROWS];
    // Row by row, so that the maximum and the sum of a row stay in registers.
    for (row, (highest, sum)) in highest.into_iter().zip(&mut sums).enumerate() {
        for score in scores.iter_mut().filter_map(|scores| scores.get_mut(row)) {
            let distance = min(highest - *score, most) as u32;
            let e = exp2_neg(octaves.unclamped(distance));
            *score = e.into();
            *sum += u32::from(e);
        }
    }
    sums
}
