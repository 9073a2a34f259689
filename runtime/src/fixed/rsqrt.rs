//! Integer reciprocal square root, and the row scale of layer normalisation built on it.

use super::requant::rescale;

/// Coefficients of [`rsqrt`]'s first guess, `a − b·m + c·m²`.
pub(crate) const RSQRT_GUESS: [u32; 3] = [2_867_720_522, 3_527_475_764, 1_759_337_317];
/// Three, with the 28 fraction bits of `m · y²`.
pub(crate) const RSQRT_THREE: u32 = 3 << 28;
/// Steps of [`rsqrt`].
pub(crate) const NEWTON_STEPS: u32 = 3;

/// `2^46 / √m` for `2^30 ≤ m < 2^32`, at most `2^31 − 1`, with a relative error below `2^−26`.
///
/// # Ranges and overflow
/// `y` has 30 fraction bits and stays below `2^31.05` in every step, so `y · y < 2^63`; the
/// bracket `3 − m·y²` is positive because the first guess is within 2.5 %.
///
/// # Source
/// Newton's iteration for the reciprocal square root on a quadratic first guess with the least
/// relative error over `[1/4, 1)`; three steps, fixed, so that time does not depend on data.
#[expect(
    clippy::cast_possible_truncation,
    reason = "every narrowed value is a high word below 2^32, by the bounds above"
)]
pub const fn rsqrt(m: u32) -> u32 {
    let [c0, c1, c2] = RSQRT_GUESS;
    let square = high(m, m);
    // The difference is negative if m is large. The sum is right modulo 2^32.
    let mut y = c0.wrapping_sub(high(c1, m)).wrapping_add(high(c2, square));
    let mut step = 0;
    while step < NEWTON_STEPS {
        let product = high(high(y, y), m);
        y = ((y as u64 * (RSQRT_THREE - product) as u64) >> 29) as u32;
        step += 1;
    }
    // The minimum of `y` and `2^31 − 1`, without a jump on processors that have no conditional moves.
    (y | (y.cast_signed() >> 31).cast_unsigned()) & ((1 << 31) - 1)
}

/// The high word of a product.
const fn high(a: u32, b: u32) -> u32 {
    ((a as u64 * b as u64) >> 32) as u32
}

/// What turns the values of one row into `(x − mean) / √(variance + eps)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowScale {
    n: i32,
    sum: i32,
    left: u32,
    y: u32,
}

impl RowScale {
    /// From the row's length `n`, sum, sum of squares, and `eps` in units of the squared scale.
    ///
    /// # Ranges and overflow
    /// For `1 ≤ n ≤ 1024` i16 values and `1 ≤ eps < 2^31` the variance term is in `[1, 2^52)`, so
    /// the left shift of [`Self::normalise`] is not negative; see `INTEGER.md`.
    pub const fn new(n: usize, sum: i32, squares: i64, eps: u32) -> Self {
        let v = Self::variance(n, sum, squares, eps);
        let half = v.leading_zeros() / 2;
        let m = ((v << (2 * half)) >> 32) as u32;
        Self::normalised(n, sum, half, m)
    }

    /// The variance term of [`Self::new`], `n·Q − S² + n²·eps`.
    #[inline]
    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "n is at most 1024, n·Q − S² is not negative (Cauchy)"
    )]
    pub(crate) const fn variance(n: usize, sum: i32, squares: i64, eps: u32) -> u64 {
        let spread = n as i64 * squares - sum as i64 * sum as i64;
        spread as u64 + (n * n) as u64 * eps as u64
    }

    /// [`Self::new`] from `half` the number of zeros by which the variance term is shifted left, and the upper word
    /// of the result. One of its highest two bits is set.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "n is at most 1024"
    )]
    pub(crate) const fn normalised(n: usize, sum: i32, half: u32, m: u32) -> Self {
        // A caller that breaks the premise v < 2^52 gets a wrong scale, not a failed shift.
        Self { n: n as i32, sum, left: half.saturating_sub(6), y: rsqrt(m) }
    }

    /// `e = (n·x − S) << (h − 6)`: with [`Self::y`], `x̂ = e · y · 2^−56`.
    #[inline]
    pub const fn normalise(self, x: i16) -> i32 {
        (self.n * x as i32 - self.sum) << self.left
    }

    /// The reciprocal square root, `2^30 ≤ y < 2^31`.
    pub const fn y(self) -> u32 {
        self.y
    }

    /// The row's multiplier for an output rescale `mult`, `2^29 ≤ M < 2^31`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "both factors are below 2^31, so the shifted product is too"
    )]
    pub const fn times(self, mult: u32) -> i32 {
        ((self.y as u64 * mult as u64) >> 31) as i32
    }

    /// `x̂` with 10 fraction bits; below `2^15` in magnitude, except for rounding.
    #[inline]
    #[expect(clippy::cast_possible_wrap, reason = "y is below 2^31")]
    pub const fn fraction10(self, x: i16) -> i32 {
        rescale(self.normalise(x), self.y as i32, 46)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsqrt_is_within_its_bound() {
        let mut m = 1u64 << 30;
        while m < 1 << 32 {
            let real = 2f64.powi(46) / (m as f64).sqrt();
            let found = f64::from(rsqrt(u32::try_from(m).unwrap()));
            assert!(((found - real) / real).abs() < 2f64.powi(-26), "m = {m}: {found}, {real}");
            m += 65_521;
        }
        assert!(rsqrt(1 << 30) < 1 << 31, "the largest result fits 31 bits");
        assert!(rsqrt(u32::MAX) >= 1 << 30, "the smallest result is normalised");
    }

    #[test]
    fn rows_at_the_extremes_neither_overflow_nor_drift() {
        for n in [1usize, 2, 63, 64, 1024] {
            for (low, high) in [(-32_768i16, 32_767i16), (0, 0), (5, 6), (-32_768, -32_768)] {
                let row: Vec<i16> = (0..n).map(|i| if i % 2 == 0 { low } else { high }).collect();
                let sum = row.iter().map(|&x| i32::from(x)).sum();
                let squares = row.iter().map(|&x| i64::from(x) * i64::from(x)).sum();
                for eps in [1, 1000, (1 << 31) - 1] {
                    let scale = RowScale::new(n, sum, squares, eps);
                    let mean = f64::from(sum) / n as f64;
                    let variance = squares as f64 / n as f64 - mean * mean;
                    for &x in &row[..n.min(2)] {
                        let real = (f64::from(x) - mean) / (variance + f64::from(eps)).sqrt();
                        let found = f64::from(scale.fraction10(x)) / 1024.0;
                        assert!((found - real).abs() < 6e-4, "n {n}, x {x}: {found}, {real}");
                    }
                }
            }
        }
    }
}
