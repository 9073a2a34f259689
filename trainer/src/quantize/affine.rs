//! Scales and zero points of activations.

use super::range::Range;

/// How an i8 represents a real number: `real = scale · (q − zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Real size of one step.
    pub scale: f64,
    /// The integer that stands for zero.
    pub zero_point: i8,
}

/// Scale of a site whose values are all zero: any scale holds them.
const EMPTY_SCALE: f64 = 1.0;

impl Affine {
    /// Steps of one size around zero.
    pub const fn centred(scale: f64) -> Self {
        Self { scale, zero_point: 0 }
    }

    /// The finest scale that holds `range` in −128..127, but no finer than `floor`.
    pub fn asymmetric(range: Range, floor: f64) -> Self {
        let width = range.max - range.min;
        let scale = if width > 0.0 { (width / 255.0).max(floor) } else { floor.max(EMPTY_SCALE) };
        let zero_point = (-128.0 - range.min / scale).round_ties_even().clamp(-128.0, 127.0);
        Self { scale, zero_point: zero_point as i8 }
    }

    /// The finest scale with zero point 0 that holds `range` in −127..127, but no finer than
    /// `floor`.
    pub fn symmetric(range: Range, floor: f64) -> Self {
        let peak = range.peak();
        let scale = if peak > 0.0 { (peak / 127.0).max(floor) } else { floor.max(EMPTY_SCALE) };
        Self::centred(scale)
    }

    /// The scale of the residual stream, for twice `range`: sixteen bits have room for that, and the
    /// stream's sums saturate.
    pub fn stream(range: Range) -> Self {
        let peak = range.peak();
        Self::centred(if peak > 0.0 { 2.0 * peak / 32_767.0 } else { EMPTY_SCALE })
    }

    /// The real value of a stored integer.
    pub fn real(self, q: i32) -> f64 {
        self.scale * f64::from(q - i32::from(self.zero_point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_fit_and_zero_is_exact() {
        for (min, max) in [(-1.0, 3.0), (0.0, 10.0), (-5.0, 0.0), (-0.17, 4.0)] {
            let affine = Affine::asymmetric(Range { min, max }, 0.0);
            let zero = i32::from(affine.zero_point);
            assert_eq!(affine.real(zero), 0.0, "zero of {min}..{max}");
            let step = affine.scale;
            assert!(affine.real(-128) <= min + step, "lower end of {min}..{max}");
            assert!(affine.real(127) >= max - step, "upper end of {min}..{max}");
        }
    }

    #[test]
    fn a_floor_and_an_empty_range_give_a_scale() {
        assert_eq!(Affine::asymmetric(Range { min: 0.0, max: 1.0 }, 0.5).scale, 0.5, "floor");
        assert_eq!(Affine::symmetric(Range::ZERO, 0.0).scale, 1.0, "nothing seen");
    }
}
