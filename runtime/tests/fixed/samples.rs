//! Operands: random ones, and the ends of every range.

use kit::rng::Rng;

/// Draws operands.
pub(crate) struct Samples(Rng);

impl Samples {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(Rng::new(seed))
    }

    pub(crate) const fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number of `min..=max`. One in eight is an end of the range. Of the others, small magnitudes are as
    /// frequent as large ones.
    pub(crate) fn between(&mut self, min: i64, max: i64) -> i64 {
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
            _ => self.0.between(min, max),
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
