//! The elementary functions: 2^t and GELU.

/// `log2(e)`.
pub const LOG2_E: f32 = core::f32::consts::LOG2_E;

/// The smallest argument of [`exp2`]. It keeps results above the subnormal numbers.
pub(super) const LOWEST: f32 = -64.0;

/// `1.5 · 2^23`. The sum with a number of at most `2^22` in magnitude is rounded to an integer, which is in
/// the low bits of the sum.
pub(super) const ROUND: f32 = 12_582_912.0;

/// `2^f ≈ 1 + f · (c0 + f · (c1 + …))` for `|f| ≤ 1/2`, within a relative `1.1 · 10^−7` before rounding.
///
/// Minimax fit with the first two terms of the exact series.
pub(super) const EXP2: [f32; 5] =
    [core::f32::consts::LN_2, 0.240_222_81, 0.055_505_6, 0.009_669_709, 0.001_330_026_8];

/// `log2 Φ(−z) ≈ c0 + z · (c1 + …)` for `0 ≤ z ≤ 6`, where Φ is the normal distribution. The error of
/// `z · Φ(−z)` is at most `8.3 · 10^−8`, rounding included.
///
/// Minimax fit, weighted for that error.
pub(super) const GELU: [f32; 7] = [
    -0.999_993_1,
    -1.151_201_7,
    -0.458_770_96,
    -0.053_412_125,
    0.008_080_73,
    -0.000_769_223_96,
    0.000_033_093_31,
];

/// The largest argument of the polynomial [`GELU`]. Beyond it, `z · Φ(−z)` is below `10^−8`.
pub(super) const GELU_END: f32 = 6.0;

/// `2^max(t, −64)` for `t ≤ 0`; the same as for −64 if `t` is NaN.
///
/// ```text
/// t = t > −64 ? t : −64
/// n = (t + 1.5 · 2^23) − 1.5 · 2^23          the nearest integer
/// f = t − n                                  exact
/// q = c4;  q = q · f + c3;  …;  q = q · f + c0
/// result = (q · f + 1) · 2^n                 n is added to the exponent
/// ```
pub fn exp2(t: f32) -> f32 {
    let t = if t > LOWEST { t } else { LOWEST };
    let rounded = t + ROUND;
    let f = t - (rounded - ROUND);
    let p = horner(&EXP2, f) * f + 1.0;
    f32::from_bits(p.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// `x · Φ(x) = max(x, 0) − |x| · Φ(−|x|)`, where Φ is the normal distribution.
///
/// ```text
/// z = |x| < 6 ? |x| : 6
/// q = c6;  q = q · z + c5;  …;  q = q · z + c0
/// result = (x > 0 ? x : 0) − |x| · exp2(q)
/// ```
pub fn gelu(x: f32) -> f32 {
    let magnitude = x.abs();
    let z = if magnitude < GELU_END { magnitude } else { GELU_END };
    let positive = if x > 0.0 { x } else { 0.0 };
    positive - magnitude * exp2(horner(&GELU, z))
}

/// `c0 + x · (c1 + x · (c2 + …))`.
fn horner<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut rest = coefficients.iter().rev();
    let last = rest.next().copied().unwrap_or(0.0);
    rest.fold(last, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_within_their_error() {
        assert_eq!(exp2(0.0), 1.0, "the weight of the highest score");
        for step in 0..=640_000 {
            let t = step as f32 * -1e-4;
            let expected = f64::from(t).exp2();
            let error = (f64::from(exp2(t)) - expected).abs() / expected;
            assert!(error < 2.6e-7, "2^{t}: {error:e}");
        }
        for t in [-64.0, -65.0, -1e30, f32::NEG_INFINITY, f32::NAN] {
            assert_eq!(exp2(t), 2f32.powi(-64), "{t}");
        }
    }

    #[test]
    fn gelu_is_within_its_error() {
        for step in -120_000..=120_000 {
            let x = step as f32 * 1e-4;
            let wide = f64::from(x);
            let expected = wide * 0.5 * libm::erfc(-wide / core::f64::consts::SQRT_2);
            let error = (f64::from(gelu(x)) - expected).abs();
            assert!(error < 1.2e-7 + expected.abs() * 1.2e-7, "gelu({x}): {error:e}");
        }
        assert_eq!(gelu(1e30), 1e30, "a large number");
        assert!(gelu(-1e3).abs() < 1e-5, "a large negative number");
        assert!(gelu(f32::NAN).is_nan(), "not a number");
    }
}
