//! Random numbers that are the same on every platform and in every version.

/// A generator with 64 bits of state.
///
/// # Source
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014 (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number of `min..=max`.
    ///
    /// # Panics
    /// If `max < min`.
    pub fn between(&mut self, min: i64, max: i64) -> i64 {
        assert!(min <= max, "an empty range, {min}..={max}");
        let width = max.abs_diff(min) + 1;
        let below = (u128::from(self.bits()) * u128::from(width)) >> 64;
        min + i64::try_from(below).expect("below the width of the range")
    }

    /// [`Self::between`] for a value of a narrower type that holds both bounds.
    ///
    /// # Panics
    /// If `max < min`.
    pub fn pick<T>(&mut self, min: T, max: T) -> T
    where
        T: Into<i64> + TryFrom<i64, Error: core::fmt::Debug>,
    {
        T::try_from(self.between(min.into(), max.into())).expect("between two values of the type")
    }

    /// True once in `n` times on average.
    pub fn one_in(&mut self, n: u8) -> bool {
        self.pick(1, n) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut rng = Rng::new(1_234_567);
        let found = [rng.bits(), rng.bits(), rng.bits()];
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(found, published, "the first three outputs for seed 1234567");
    }

    #[test]
    fn every_value_of_a_small_range_appears() {
        let mut rng = Rng::new(7);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            let value: i8 = rng.pick(-2, 2);
            seen[usize::try_from(value + 2).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| count > 150), "{seen:?}");
    }
}
