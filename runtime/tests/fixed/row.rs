//! Layer normalisation of rows: `x̂ = e · y · 2^−56` against `(x − mean) / √(variance + eps)`.

use crate::exact::Wide;
use crate::samples::Samples;
use runtime::fixed::RowScale;

/// A row that the samples choose: anything, two values, or values close together.
fn row(samples: &mut Samples, len: usize) -> Vec<i16> {
    let (low, high) = (samples.pick(i16::MIN, i16::MAX), samples.pick(i16::MIN, i16::MAX));
    let spread = samples.pick(0i16, 40);
    let kind = samples.bits() % 3;
    (0..len)
        .map(|_| match kind {
            0 => samples.pick(i16::MIN, i16::MAX),
            1 if samples.bits().is_multiple_of(2) => low,
            1 => high,
            _ => low.saturating_add(samples.pick(-spread, spread)),
        })
        .collect()
}

fn scale(row: &[i16], eps: u32) -> (RowScale, i128, u128) {
    let sum: i32 = row.iter().map(|&x| i32::from(x)).sum();
    let squares: i64 = row.iter().map(|&x| i64::from(x) * i64::from(x)).sum();
    let n = i128::try_from(row.len()).expect("a row");
    let v = n * i128::from(squares) - i128::from(sum) * i128::from(sum) + n * n * i128::from(eps);
    let v = u128::try_from(v).expect("a variance");
    (RowScale::new(row.len(), sum, squares, eps), sum.into(), v)
}

#[test]
fn normalised_values_are_within_their_bound() {
    let mut samples = Samples::new(6);
    for _ in 0..20_000 {
        let len = samples.pick(1i16, 1024);
        let row = row(&mut samples, usize::try_from(len).expect("a length"));
        let eps = samples.pick(1, (1u32 << 31) - 1);
        let (scale, sum, v) = scale(&row, eps);
        let y = u128::from(scale.y());
        assert!((1 << 30..1 << 31).contains(&y), "y = {y}");
        for &x in row.iter().take(8) {
            let d = i128::from(len) * i128::from(x) - sum;
            let e = scale.normalise(x);
            assert_eq!(i128::from(e.signum()), d.signum(), "{x}: the sign of {e}");
            // (e·y)² · V against d² · 2^112; a relative error of 2^−25 doubles in the square.
            let root = u128::from(e.unsigned_abs()) * y;
            let found = Wide::product(root * root, v);
            let square = (d * d).unsigned_abs();
            let distance = found.distance(Wide::product(square, 1 << 112));
            let margin = Wide::product(square, 1 << 88);
            assert!(distance <= margin, "n {len}, x {x}, eps {eps}: {e} * {y}");
        }
    }
}

#[test]
fn a_row_of_equal_values_is_zero() {
    for len in [1usize, 2, 3, 64, 1023, 1024] {
        for value in [i16::MIN, -1, 0, 1, i16::MAX] {
            let (scale, ..) = scale(&vec![value; len], 1);
            assert_eq!(scale.normalise(value), 0, "{len} times {value}");
            assert_eq!(scale.fraction10(value), 0, "{len} times {value}");
        }
    }
}

#[test]
fn fractions_and_multipliers_are_rounded_products() {
    let mut samples = Samples::new(7);
    for _ in 0..20_000 {
        let len = samples.pick(1i16, 1024);
        let row = row(&mut samples, usize::try_from(len).expect("a length"));
        let (scale, ..) = scale(&row, samples.pick(1, 1_000_000u32));
        let mult = samples.mult().cast_unsigned();
        let exact = (u128::from(scale.y()) * u128::from(mult)) >> 31;
        let found = u128::try_from(scale.times(mult)).expect("a positive multiplier");
        assert_eq!(found, exact, "{} * {mult}", scale.y());
        assert!((1 << 29..1 << 31).contains(&found), "{} * {mult}: {found}", scale.y());
        for &x in row.iter().take(8) {
            let product = i128::from(scale.normalise(x)) * i128::from(scale.y());
            let nearest = (product + (1 << 45)).div_euclid(1 << 46);
            assert_eq!(i128::from(scale.fraction10(x)), nearest, "x = {x}");
        }
    }
}
