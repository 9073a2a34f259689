//! The rescale of a row of attention: one reciprocal for all of its values.

use crate::samples::Samples;
use runtime::fixed::Octaves;
use runtime::kernels::Attention;

/// Sums of 1 to 1,024 exponentials, one of them 255.
const SUMS: core::ops::RangeInclusive<u32> = 255..=255 * 1024;

fn attention(mult: u32, shift: u8, zero_point: i8) -> Attention {
    let octaves = Octaves::new(1).expect("a multiplier in range");
    Attention { heads: 1, head_dim: 1, octaves, mult, shift, zero_point }
}

#[test]
fn every_sum_gives_a_multiplier_in_range() {
    for mult in [1 << 30, 1_518_500_250, (1 << 31) - 1] {
        let attention = attention(mult, 30, 0);
        for sum in SUMS {
            let found = u64::try_from(attention.row_mult(sum)).expect("a positive multiplier");
            let exact = (u64::from(mult) * ((1 << 31) / u64::from(sum))) >> 24;
            assert_eq!(found, exact, "{mult} over {sum}");
            assert!((1 << 19..1 << 31).contains(&found), "{mult} over {sum}: {found}");
            // Both divisions round down; together they make the result smaller by less than 2^−12.
            let (product, whole) = (found * u64::from(sum), u64::from(mult) << 7);
            assert!(product <= whole, "{mult} over {sum}: {found} is too large");
            assert!(whole - product < whole >> 12, "{mult} over {sum}: {found} is too small");
        }
    }
}

#[test]
fn stored_values_are_the_nearest_integers() {
    let mut samples = Samples::new(8);
    for _ in 0..1_000_000 {
        let (shift, zero_point) = (samples.pick(25u8, 55), samples.pick(i8::MIN, i8::MAX));
        let attention = attention(samples.mult().cast_unsigned(), shift, zero_point);
        let row_mult = attention.row_mult(samples.pick(*SUMS.start(), *SUMS.end()));
        let acc = samples.pick(-(1i32 << 25), 1 << 25);
        let product = i128::from(acc) * i128::from(row_mult) + (1i128 << (shift + 6));
        let exact = i128::from(zero_point) + product.div_euclid(1i128 << (shift + 7));
        let found = attention.store(acc, row_mult);
        assert_eq!(i128::from(found), exact.clamp(-128, 127), "{acc} * {row_mult}, {shift}");
    }
}
