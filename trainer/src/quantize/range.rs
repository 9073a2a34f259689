//! Smallest and largest values.

/// The range of all values seen.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Range {
    /// Smallest value, at most 0.
    pub min: f64,
    /// Largest value, at least 0.
    pub max: f64,
}

impl Range {
    /// The range before any value is seen: zero alone, which every site must be able to store.
    pub const ZERO: Self = Self { min: 0.0, max: 0.0 };

    /// Widens the range to hold `values`.
    pub fn observe(&mut self, values: impl IntoIterator<Item = f32>) {
        for value in values {
            let value = f64::from(value);
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }

    /// Largest magnitude.
    pub fn peak(self) -> f64 {
        self.max.max(-self.min)
    }

    /// Both ranges together.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Both ends multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { min: self.min * factor, max: self.max * factor }
    }
}
