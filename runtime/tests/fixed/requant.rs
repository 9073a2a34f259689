//! Requantization and saturation: half rounds up, exactly.

use crate::samples::Samples;
use runtime::fixed::{Requant, sat8, sat16};

/// Checks that `result · 2^shift` is the multiple of `2^shift` nearest to the product, and the upper one if
/// two are equally near: `−half < result · 2^shift − product ≤ half`.
fn check(acc: i32, mult: i32, shift: u8) {
    let result = Requant::new(mult, shift).expect("a factor in range").apply(acc);
    let product = i128::from(acc) * i128::from(mult);
    let half = 1i128 << (shift - 1);
    let error = (i128::from(result) << shift) - product;
    assert!(-half < error && error <= half, "{acc} * {mult} >> {shift} = {result}");
    assert!(result.unsigned_abs() <= 1 << 30, "{acc} * {mult} >> {shift} = {result}");
}

#[test]
fn results_are_the_nearest_integers_and_ties_go_up() {
    let mut samples = Samples::new(1);
    for _ in 0..1_000_000 {
        let shift = samples.pick(Requant::MIN_SHIFT, Requant::MAX_SHIFT);
        check(samples.pick(i32::MIN, i32::MAX), samples.mult(), shift);
    }
}

#[test]
fn ties_and_their_neighbours_round_as_stated() {
    for shift in Requant::MIN_SHIFT..=Requant::MAX_SHIFT {
        // With the smallest multiplier a tie is an odd multiple of `2^(shift − 31)`.
        let Some(tie) = 1i32.checked_shl(u32::from(shift) - 31).filter(|&tie| tie > 0) else {
            continue;
        };
        for odd in [-3i32, -1, 1, 3] {
            let Some(acc) = odd.checked_mul(tie) else { continue };
            for acc in [acc - 1, acc, acc + 1] {
                check(acc, Requant::MIN_MULT, shift);
            }
            let up = Requant::new(Requant::MIN_MULT, shift).expect("in range").apply(acc);
            assert_eq!(up, (odd + 1) / 2, "{odd} halves at shift {shift}");
        }
    }
}

#[test]
fn saturation_is_the_nearest_value_of_the_type() {
    let mut samples = Samples::new(2);
    for _ in 0..1_000_000 {
        let value = samples.pick(i32::MIN, i32::MAX);
        assert_eq!(i32::from(sat8(value)), value.clamp(-128, 127), "{value} as i8");
        assert_eq!(i32::from(sat16(value)), value.clamp(-32_768, 32_767), "{value} as i16");
    }
}
