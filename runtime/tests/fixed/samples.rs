//! Operands: random ones, and the ends of every range.

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
pub(crate) struct Samples(u64);

impl Samples {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number of `min..=max`: an end once in eight times, else as often small in magnitude as
    /// large.
    pub(crate) fn between(&mut self, min: i64, max: i64) -> i64 {
        let width = u128::from(max.abs_diff(min)) + 1;
        match self.bits() % 16 {
            0 => min,
            1 => max,
            2..9 => {
                let magnitude = (self.bits() >> (self.bits() % 64)).cast_signed();
                let value = if self.bits().is_multiple_of(2) {
                    magnitude
                } else {
                    magnitude.wrapping_neg()
                };
                value.clamp(min, max)
            }
            _ => {
                let below = (u128::from(self.bits()) * width) >> 64;
                min + i64::try_from(below).expect("below the width of the range")
            }
        }
    }

    /// [`Self::between`] for a value of a narrower type that holds both bounds.
    pub(crate) fn pick<T>(&mut self, min: T, max: T) -> T
    where
        T: Into<i64> + TryFrom<i64, Error: core::fmt::Debug>,
    {
        T::try_from(self.between(min.into(), max.into())).expect("between two values of the type")
    }

    /// A normalised multiplier, `2^30 ≤ mult < 2^31`.
    pub(crate) fn mult(&mut self) -> i32 {
        self.pick(1 << 30, i32::MAX)
    }
}
