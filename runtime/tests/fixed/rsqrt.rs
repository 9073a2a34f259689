//! The reciprocal square root, within `2^−26` of `2^46 / √m`.

use crate::samples::Samples;
use runtime::fixed::rsqrt;

/// `y = 2^46 / √m · (1 ± 2^−26)` squared: `y² · m` lies between `2^92 · (1 − 2^−26)²` and
/// `2^92 · (1 + 2^−26)²`, which are whole numbers.
fn check(m: u32) {
    const CENTRE: u128 = (1 << 92) + (1 << 40);
    const MARGIN: u128 = 1 << 67;
    let y = rsqrt(m);
    let product = u128::from(y) * u128::from(y) * u128::from(m);
    assert!(
        CENTRE - MARGIN < product && product < CENTRE + MARGIN,
        "m = {m}: y = {y} is 2^-26 or more away"
    );
    assert!((1 << 30..1 << 31).contains(&y), "m = {m}: y = {y} is not normalised");
}

#[test]
fn results_are_within_their_bound() {
    let mut samples = Samples::new(5);
    for _ in 0..1_000_000 {
        check(samples.pick(1 << 30, u32::MAX));
    }
    for step in 0..1_000 {
        check((1 << 30) + step);
        check(u32::MAX - step);
    }
}

/// The quadratic of `INTEGER.md` and its three Newton steps, in integers that cannot overflow.
fn steps(m: u32) -> [u128; 4] {
    let m = u128::from(m);
    let falling = (3_527_475_764 * m) >> 32;
    let rising = (1_759_337_317 * ((m * m) >> 32)) >> 32;
    let mut y = 2_867_720_522 + rising - falling;
    let mut steps = [y; 4];
    for step in &mut steps[1..] {
        let product = (((y * y) >> 32) * m) >> 32;
        y = (y * ((3 << 28) - product)) >> 29;
        *step = y;
    }
    steps
}

#[test]
fn each_step_is_as_near_as_the_page_says() {
    // Relative errors times 10^9: the quadratic, and each of Newton's steps.
    const BOUNDS: [u128; 4] = [25_000_000, 900_000, 1_200, 15];
    let mut samples = Samples::new(9);
    for _ in 0..200_000 {
        let m = samples.pick(1 << 30, u32::MAX);
        let steps = steps(m);
        for (step, (y, bound)) in steps.into_iter().zip(BOUNDS).enumerate() {
            // With a relative error of `bound`: |y²·m − 2^92| ≤ 2^92 · (2·bound + bound²).
            let distance = (y * y * u128::from(m)).abs_diff(1 << 92);
            let margin =
                ((1u128 << 62) * (2 * bound + bound * bound / 1_000_000_000) / 1_000_000_000) << 30;
            assert!(distance <= margin, "m = {m}: step {step} gives {y}");
        }
        assert_eq!(u128::from(rsqrt(m)), steps[3].min((1 << 31) - 1), "m = {m}");
    }
}

/// Run it with `cargo test --release -p runtime --test fixed -- --ignored`.
#[test]
#[ignore = "all 3.2 billion arguments"]
fn every_result_is_within_its_bound() {
    (1 << 30..=u32::MAX).for_each(check);
}
