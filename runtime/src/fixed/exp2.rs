//! Powers of two with a fractional exponent, for softmax.

/// Fraction bits of an exponent.
const FRACTION_BITS: u32 = 11;
/// Largest exponent of an attention row: just below 9 octaves, where `255 · 2^−x` rounds to 0.
pub const MAX_ATTENTION_OCTAVES: u32 = (9 << FRACTION_BITS) - 1;
/// Largest exponent of a probability: just below 15 octaves.
const MAX_PROBABILITY_OCTAVES: u32 = (15 << FRACTION_BITS) - 1;
/// Position of the binary point in an attention exponent's product.
const SCORE_SHIFT: u32 = 17;

/// Turns a distance between scores into octaves, the factors of two between their exponentials: `x = d ·
/// mult · 2^−28`, 11 fraction bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Octaves {
    mult: u32,
    limit: u32,
}

impl Octaves {
    /// Largest multiplier: four octaves for one step of a score.
    pub const MAX_MULT: u32 = 1 << 30;

    /// `mult = round(octaves of one score step · 2^28)`, 1 to [`Self::MAX_MULT`].
    pub const fn new(mult: u32) -> Option<Self> {
        if mult == 0 || mult > Self::MAX_MULT {
            return None;
        }
        Some(Self { mult, limit: (MAX_ATTENTION_OCTAVES << SCORE_SHIFT) / mult })
    }

    /// The multiplier.
    pub const fn mult(self) -> u32 {
        self.mult
    }

    /// The largest distance whose product is below the maximum.
    #[cfg(any(vector_target, upper_word))]
    pub(crate) const fn limit(self) -> u32 {
        self.limit
    }

    /// [`Self::apply`] without its last clamp, for distances up to [`Self::limit`] plus 1.
    #[cfg(word_target)]
    #[inline]
    pub(crate) const fn unclamped(self, distance: u32) -> u32 {
        distance.wrapping_mul(self.mult) >> SCORE_SHIFT
    }

    /// The octaves between the maximum and a score that is `distance` below it, at most
    /// [`MAX_ATTENTION_OCTAVES`].
    ///
    /// # Ranges and overflow
    /// The clamped distance keeps the product at most `18_431 · 2^17 + 2^30 < 2^32`.
    #[inline]
    pub const fn apply(self, distance: u32) -> u32 {
        let most = self.limit + 1;
        let clamped = if distance < most { distance } else { most };
        let x = (clamped * self.mult) >> SCORE_SHIFT;
        if x > MAX_ATTENTION_OCTAVES { MAX_ATTENTION_OCTAVES } else { x }
    }
}

/// Turns a distance between logits into octaves with 11 fraction bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbabilityScale {
    mult: u32,
    shift: u8,
}

impl ProbabilityScale {
    /// The factor `mult · 2^−shift`; `None` unless `2^30 ≤ mult < 2^31` and `10 ≤ shift ≤ 62`.
    pub const fn new(mult: u32, shift: u8) -> Option<Self> {
        if mult < 1 << 30 || mult >= 1 << 31 || shift < 10 || shift > 62 {
            return None;
        }
        Some(Self { mult, shift })
    }

    /// Octaves below the largest logit, at most just below 15.
    #[expect(clippy::cast_possible_truncation, reason = "clamped below 2^15 before the cast")]
    pub const fn apply(self, distance: u32) -> u32 {
        let x = (distance as u64 * self.mult as u64) >> self.shift;
        if x > MAX_PROBABILITY_OCTAVES as u64 { MAX_PROBABILITY_OCTAVES } else { x as u32 }
    }
}

/// `round(a · b · 2^−15)`, the rounding high multiply of 16-bit SIMD sets.
#[inline]
const fn mul_high(a: i32, b: i32) -> i32 {
    (a * b + (1 << 14)) >> 15
}

/// `255 · 2^7 · 2^−f` for the fraction `f` of `octaves`, within 3.4.
///
/// # Source
/// A cubic with the smallest maximum error over all 2,048 fractions, exact at 0.
#[inline]
#[expect(clippy::cast_possible_wrap, reason = "the fraction is below 2^15")]
pub const fn exp2_mantissa(octaves: u32) -> i32 {
    let f = ((octaves & ((1 << FRACTION_BITS) - 1)) << 4) as i32;
    let p = 7_592 + mul_high(-1_327, f);
    let p = -22_588 + mul_high(p, f);
    32_640 + mul_high(p, f)
}

/// `255 · 2^−x`, for `x` octaves with 11 fraction bits, at most [`MAX_ATTENTION_OCTAVES`].
///
/// The result is within 0.53 of the real value. It is 255 at 0, and never rises with `x`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the mantissa is 1 to 32_640, so the product's high part is 0 to 255"
)]
pub const fn exp2_neg(octaves: u32) -> u8 {
    mul_high(exp2_mantissa(octaves), 256 >> (octaves >> FRACTION_BITS)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_within_its_bound_and_never_rises() {
        let mut before = 255;
        for x in 0..=MAX_ATTENTION_OCTAVES {
            let e = exp2_neg(x);
            let real = 255.0 * (-f64::from(x) / 2048.0).exp2();
            assert!((f64::from(e) - real).abs() < 0.53, "x = {x}: {e} against {real}");
            assert!(e <= before, "x = {x}: {e} after {before}");
            before = e;
        }
        assert_eq!(exp2_neg(0), 255, "at the maximum");
        assert_eq!(exp2_neg(MAX_ATTENTION_OCTAVES), 0, "at the end");
    }

    #[test]
    fn octaves_are_clamped_without_overflow() {
        for mult in [1, 2, 12_345, 2_400_000, Octaves::MAX_MULT] {
            let octaves = Octaves::new(mult).unwrap();
            for distance in [0, 1, 2, 3, 1000, 1 << 22, u32::MAX] {
                let exact = (u64::from(distance) * u64::from(mult)) >> SCORE_SHIFT;
                let expected = exact.min(u64::from(MAX_ATTENTION_OCTAVES));
                assert_eq!(u64::from(octaves.apply(distance)), expected, "{distance} * {mult}");
            }
        }
        assert!(Octaves::new(0).is_none(), "no scale");
        assert!(Octaves::new(Octaves::MAX_MULT + 1).is_none(), "too steep");
    }
}
