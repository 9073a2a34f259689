//! Powers of two: every octave, and distances of every size.

use crate::exact::Powers;
use crate::samples::Samples;
use runtime::fixed::{MAX_ATTENTION_OCTAVES, Octaves, ProbabilityScale, exp2_mantissa, exp2_neg};

#[test]
fn every_exponential_is_within_its_bound() {
    let powers = Powers::new();
    for x in 0..=MAX_ATTENTION_OCTAVES {
        let e = exp2_neg(x).into();
        assert!(powers.is_near(e, 255, x, 53), "x = {x}: {e} is 0.53 or more away");
    }
}

#[test]
fn every_mantissa_is_within_its_bound() {
    let powers = Powers::new();
    for fraction in 0..2048 {
        let p = u128::try_from(exp2_mantissa(fraction)).expect("a positive mantissa");
        assert!(
            powers.is_near(p, 32_640, fraction, 340),
            "f = {fraction}: {p} is 3.4 or more away"
        );
        let other = exp2_mantissa(fraction + 5 * 2048);
        assert_eq!(other, exp2_mantissa(fraction), "f = {fraction}: whole octaves decide");
    }
}

#[test]
fn octaves_are_the_rounded_down_product_or_the_limit() {
    let mut samples = Samples::new(3);
    for _ in 0..1_000_000 {
        let mult = samples.pick(1, Octaves::MAX_MULT);
        let octaves = Octaves::new(mult).expect("a multiplier in range");
        let limit = (MAX_ATTENTION_OCTAVES << 17) / mult;
        let near = samples.between(limit.saturating_sub(2).into(), i64::from(limit) + 3);
        for distance in [samples.between(0, u32::MAX.into()), near] {
            let distance = u32::try_from(distance).expect("a distance");
            let exact = (u128::from(distance) * u128::from(mult)) >> 17;
            let expected = exact.min(MAX_ATTENTION_OCTAVES.into());
            assert_eq!(u128::from(octaves.apply(distance)), expected, "{distance} * {mult}");
        }
    }
}

#[test]
fn octaves_of_probabilities_are_the_rounded_down_product_or_the_limit() {
    let mut samples = Samples::new(4);
    for _ in 0..1_000_000 {
        let (mult, shift) = (samples.mult().cast_unsigned(), samples.pick(10u8, 62));
        let distance = samples.pick(0, u32::MAX);
        let scale = ProbabilityScale::new(mult, shift).expect("a factor in range");
        let exact = (u128::from(distance) * u128::from(mult)) >> shift;
        let found = u128::from(scale.apply(distance));
        assert_eq!(found, exact.min(30_719), "{distance} * {mult} >> {shift}");
    }
}
