//! Rescales exact accumulators and clamps them to stored integers.

/// Clamps to the range of i8.
#[expect(clippy::cast_possible_truncation, reason = "the value is clamped to the range of i8")]
pub const fn sat8(value: i32) -> i8 {
    // Two separate bounds compile to a minimum and a maximum. One chain of three cases compiles to jumps.
    let value = if value < -128 { -128 } else { value };
    (if value > 127 { 127 } else { value }) as i8
}

/// Clamps to the range of i16.
#[expect(clippy::cast_possible_truncation, reason = "the value is clamped to the range of i16")]
pub const fn sat16(value: i32) -> i16 {
    let value = if value < -32_768 { -32_768 } else { value };
    (if value > 32_767 { 32_767 } else { value }) as i16
}

/// A real factor `mult · 2^−shift` that rescales an accumulator.
///
/// # Ranges and overflow
/// `2^30 ≤ mult < 2^31` and `32 ≤ shift ≤ 62`, so the factor is in `[2^−32, 2^−1)`. With any i32
/// accumulator the product is at most `2^62` in magnitude and the rounding term at most `2^61`;
/// the result is below `2^30` in magnitude.
///
/// # Source
/// Single-rounding form of CMSIS-NN `arm_nn_requantize`, with `shift = 31 − cmsis_shift`. Shifts
/// below 32 are not supported. Therefore a 32-bit machine shifts only the upper word of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requant {
    mult: i32,
    shift: u8,
}

impl Requant {
    /// Smallest multiplier.
    pub const MIN_MULT: i32 = 1 << 30;
    /// Smallest shift.
    pub const MIN_SHIFT: u8 = 32;
    /// Largest shift.
    pub const MAX_SHIFT: u8 = 62;

    /// The factor `mult · 2^−shift`; `None` outside the ranges above.
    pub const fn new(mult: i32, shift: u8) -> Option<Self> {
        if mult < Self::MIN_MULT || shift < Self::MIN_SHIFT || shift > Self::MAX_SHIFT {
            return None;
        }
        Some(Self { mult, shift })
    }

    /// Clamps `mult` and `shift` to their ranges. Values that the reader has checked do not change.
    #[inline]
    pub(crate) const fn nearest(mult: i32, shift: u8) -> Self {
        let mult = if mult < Self::MIN_MULT { Self::MIN_MULT } else { mult };
        let shift = if shift < Self::MIN_SHIFT {
            Self::MIN_SHIFT
        } else if shift > Self::MAX_SHIFT {
            Self::MAX_SHIFT
        } else {
            shift
        };
        Self { mult, shift }
    }

    /// The multiplier.
    pub const fn mult(self) -> i32 {
        self.mult
    }

    /// The shift.
    pub const fn shift(self) -> u8 {
        self.shift
    }

    /// `(acc · mult + 2^(shift − 1)) >> shift`: half rounds up.
    #[inline]
    pub const fn apply(self, acc: i32) -> i32 {
        rescale(acc, self.mult, self.shift)
    }
}

/// `(value · mult + 2^(shift − 1)) >> shift` for `0 ≤ mult`, `32 ≤ shift ≤ 62`.
#[inline]
pub(crate) const fn rescale(value: i32, mult: i32, shift: u8) -> i32 {
    rescale_upper(value, mult, half(shift), shift - 32)
}

/// `2^(shift − 1)`, the term that makes half round up.
#[inline]
pub(crate) const fn half(shift: u8) -> i64 {
    1 << (shift - 1)
}

/// [`rescale`] for vectors. `half` is [`half`] of the whole shift. `shift` is the whole shift minus 32, 0
/// to 30: it shifts the upper word of the product, for which lanes of 32 bits are wide enough.
#[inline]
pub(crate) const fn rescale_upper(value: i32, mult: i32, half: i64, shift: u8) -> i32 {
    ((value as i64 * mult as i64 + half) >> 32) as i32 >> shift
}

/// The shifts at which the upper word of a product decides the result. For smaller ones the rounding term has
/// bits of the lower word. For larger ones, rounding term and zero point do not fit one word.
#[cfg(upper_word)]
pub(crate) const UPPER_SHIFTS: core::ops::RangeInclusive<u8> = 33..=54;

/// Whether all shifts are within [`UPPER_SHIFTS`].
#[cfg(upper_word)]
pub(crate) fn are_fast(shift: &[u8]) -> bool {
    shift.iter().all(|shift| UPPER_SHIFTS.contains(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_rounds_up() {
        let quarter = Requant::new(1 << 30, 32).unwrap();
        for (acc, expected) in [(0, 0), (1, 0), (2, 1), (-2, 0), (-3, -1), (6, 2), (-6, -1)] {
            assert_eq!(quarter.apply(acc), expected, "a quarter of {acc}");
        }
    }

    #[test]
    fn extremes_equal_exact_arithmetic() {
        for acc in [i32::MIN, i32::MIN + 1, -1, 0, 1, i32::MAX] {
            for mult in [1 << 30, i32::MAX] {
                for shift in [32, 33, 47, 61, 62] {
                    let exact = (i128::from(acc) * i128::from(mult) + (1i128 << (shift - 1)))
                        .div_euclid(1i128 << shift);
                    let found = Requant::new(mult, shift).unwrap().apply(acc);
                    assert_eq!(i128::from(found), exact, "{acc} * {mult} >> {shift}");
                }
            }
        }
    }

    #[test]
    fn only_normalised_factors_exist() {
        assert!(Requant::new((1 << 30) - 1, 40).is_none(), "a small multiplier");
        assert!(Requant::new(1 << 30, 31).is_none(), "a small shift");
        assert!(Requant::new(1 << 30, 63).is_none(), "a large shift");
    }
}
