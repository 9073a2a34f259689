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

/// `cargo test --release -p runtime --test fixed -- --ignored` takes under a minute.
#[test]
#[ignore = "all 3.2 billion arguments"]
fn every_result_is_within_its_bound() {
    (1 << 30..=u32::MAX).for_each(check);
}
