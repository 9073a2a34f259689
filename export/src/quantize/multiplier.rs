//! Converts a real factor to a multiplier and a shift, `mult · 2^−shift`.

/// A factor `mult · 2^−shift` with `2^30 ≤ mult < 2^31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// The integer multiplier.
    pub mult: u32,
    /// Shift.
    pub shift: u8,
}

/// The [`Multiplier`] that is nearest to `factor`, with `min_shift ≤ shift ≤ max_shift`.
///
/// The relative error is at most `2^−31`, if `factor` is in the range of these shifts. A smaller factor,
/// zero, a negative factor or NaN gives the smallest `Multiplier`, a larger factor the largest one.
pub fn multiplier(factor: f64, min_shift: u8, max_shift: u8) -> Multiplier {
    let smallest = Multiplier { mult: 1 << 30, shift: max_shift };
    let largest = Multiplier { mult: (1 << 31) - 1, shift: min_shift };
    if factor.is_nan() || factor <= 0.0 {
        return smallest;
    }
    // factor = mantissa · 2^exponent with the mantissa in [1, 2). Rounding can make the exponent one too
    // small or one too large.
    let mut exponent = factor.log2().floor();
    let mut mult = (factor * (30.0 - exponent).exp2()).round_ties_even();
    if mult >= 2f64.powi(31) {
        exponent += 1.0;
        mult = (factor * (30.0 - exponent).exp2()).round_ties_even();
    } else if mult < 2f64.powi(30) {
        exponent -= 1.0;
        mult = (factor * (30.0 - exponent).exp2()).round_ties_even().min(2f64.powi(31) - 1.0);
    }
    let shift = 30.0 - exponent;
    if shift > f64::from(max_shift) {
        smallest
    } else if shift < f64::from(min_shift) {
        largest
    } else {
        Multiplier { mult: mult as u32, shift: shift as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_normalised_and_accurate() {
        let mut factor = 2f64.powi(-30);
        while factor < 0.5 {
            let found = multiplier(factor, 32, 62);
            assert!((1 << 30..1u32 << 31).contains(&found.mult), "mantissa of {factor}");
            let real = f64::from(found.mult) * (-f64::from(found.shift)).exp2();
            assert!((real / factor - 1.0).abs() <= 2f64.powi(-31), "{factor}: {real}");
            factor *= 1.37;
        }
    }

    #[test]
    fn factors_out_of_range_are_clamped() {
        assert_eq!(multiplier(0.0, 32, 62), Multiplier { mult: 1 << 30, shift: 62 }, "zero");
        assert_eq!(multiplier(1e-20, 32, 62).shift, 62, "tiny");
        assert_eq!(multiplier(3.0, 32, 62), Multiplier { mult: (1 << 31) - 1, shift: 32 }, "large");
        let next_below_half = 0.5 - 2f64.powi(-40);
        assert_eq!(multiplier(next_below_half, 32, 62).shift, 32, "rounds up to one half");
    }
}
