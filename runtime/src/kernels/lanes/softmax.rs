//! Exponentials of the scores of one query.

use super::multiply::{CHANNELS, CHUNK, Multiply};
use super::vector::Vector;
use crate::kernels::operand::Attention;

/// The scores of eight keys: two vectors of i32.
pub(super) type Scores = [[i8; CHUNK]; 2];

/// Writes `exp2_neg(octaves(highest − score))` of every score, converted, and returns their sum. `places` has room
/// for as many exponentials as there are scores. Those after the last token become 0.
#[inline]
pub(super) fn softmax<M: Multiply>(
    attention: &Attention,
    scores: &[Scores],
    tokens: usize,
    highest: i32,
    places: &mut [i8],
) -> u32 {
    let limit = attention.octaves.limit().saturating_add(1).min(i32::MAX.cast_unsigned());
    let splat = |value: u32| M::V::splat32(value.cast_signed());
    let (highest, limit) = (M::V::splat32(highest), splat(limit));
    let mult = splat(attention.octaves.mult());
    let mut sum = M::V::zero();
    let eights = places.chunks_mut(CHANNELS * CHUNK / M::INPUTS).enumerate();
    for ((index, place), scores) in eights.zip(scores) {
        let [lower, upper] = scores.each_ref().map(|scores| {
            let score = M::V::load(scores);
            highest.octaves(score, limit, mult)
        });
        let mut e = lower.narrow32(upper).exp2_neg();
        let left = tokens - tokens.min(index * CHANNELS);
        if left < CHANNELS {
            e = first_lanes(e, left);
        }
        sum = sum.add_pairs16(e);
        M::store_exponentials(e, index % 2 == 1, place);
    }
    sum.total32().cast_unsigned()
}

/// Clears the lanes after the first `count`.
#[inline(never)]
fn first_lanes<V: Vector>(values: V, count: usize) -> V {
    let mut lanes = [0; CHANNELS];
    values.store16(&mut lanes);
    for lane in lanes.iter_mut().skip(count) {
        *lane = 0;
    }
    V::load16(&lanes)
}
