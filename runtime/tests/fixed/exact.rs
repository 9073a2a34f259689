//! Exact arithmetic beyond 128 bits: a product as two words, and powers of two as brackets.

use core::cmp::Ordering;

/// A natural number below `2^256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    /// `a · b`.
    pub(crate) const fn product(a: u128, b: u128) -> Self {
        const HALF: u128 = (1 << 64) - 1;
        let (a1, a0, b1, b0) = (a >> 64, a & HALF, b >> 64, b & HALF);
        let low = a0 * b0;
        let middle = a1 * b0 + (low >> 64);
        let other = a0 * b1 + (middle & HALF);
        Self { high: a1 * b1 + (middle >> 64) + (other >> 64), low: other << 64 | low & HALF }
    }

    /// `|self − other|`.
    pub(crate) fn distance(self, other: Self) -> Self {
        let (large, small) = match self.cmp(&other) {
            Ordering::Less => (other, self),
            _ => (self, other),
        };
        let (low, borrow) = large.low.overflowing_sub(small.low);
        Self { high: large.high - small.high - u128::from(borrow), low }
    }
}

/// Fraction bits of a bracket.
const FRACTION: u32 = 60;

/// `2^−x` for `x` with 11 fraction bits, as bounds with 60 fraction bits that are less than
/// `2^−50` apart.
pub(crate) struct Powers {
    /// Bounds of `2^(−2^−j)`, `j` from 0 to 11: each the square root of the one before.
    roots: [(u128, u128); 12],
}

impl Powers {
    pub(crate) fn new() -> Self {
        let half = 1u128 << (FRACTION - 1);
        let mut roots = [(half, half); 12];
        for j in 1..roots.len() {
            let (low, high) = roots[j - 1];
            roots[j] = ((low << FRACTION).isqrt(), (high << FRACTION).isqrt() + 1);
        }
        Self { roots }
    }

    /// Bounds of `2^(−octaves / 2048)`, times `2^60`.
    pub(crate) fn bounds(&self, octaves: u32) -> (u128, u128) {
        let (mut low, mut high) = (1u128 << FRACTION, 1u128 << FRACTION);
        for (j, root) in self.roots.iter().enumerate().skip(1) {
            if octaves >> (11 - j) & 1 == 1 {
                low = (low * root.0) >> FRACTION;
                high = ((high * root.1) >> FRACTION) + 1;
            }
        }
        let whole = octaves >> 11;
        (low >> whole, (high >> whole) + 1)
    }

    /// Whether `found` is less than `hundredths / 100` away from `scale · 2^(−octaves / 2048)`, for
    /// certain.
    pub(crate) fn is_near(&self, found: u128, scale: u128, octaves: u32, hundredths: u128) -> bool {
        let (low, high) = self.bounds(octaves);
        let found = (100 * found) << FRACTION;
        let margin = hundredths << FRACTION;
        found < 100 * scale * low + margin && found + margin > 100 * scale * high
    }
}

#[test]
fn products_carry() {
    let square = Wide::product(u128::MAX, u128::MAX);
    assert_eq!(square, Wide { high: u128::MAX - 1, low: 1 }, "(2^128 − 1)²");
    let (a, b) = (Wide::product(1 << 100, 1 << 40), Wide::product(1, 1));
    let below = Wide { high: (1 << 12) - 1, low: u128::MAX };
    assert_eq!((a.distance(b), b.distance(a)), (below, below), "2^140 − 1");
}

#[test]
fn brackets_are_narrow_and_hold_the_powers() {
    let powers = Powers::new();
    for octaves in 0..9 << 11 {
        let (low, high) = powers.bounds(octaves);
        assert!(low <= high && high - low < 1 << 10, "{octaves}: {low} to {high}");
        // The square of `2^−x` is `2^−2x`: the square of the bracket overlaps the bracket of the square.
        let (low2, high2) = powers.bounds(2 * octaves);
        assert!((low * low) >> FRACTION <= high2, "{octaves}: low");
        assert!((high * high) >> FRACTION >= low2.saturating_sub(1), "{octaves}: high");
    }
    assert_eq!(powers.bounds(3 << 11).0, 1 << (FRACTION - 3), "an eighth");
}
