//! Operands of the kernel comparison: random or extreme, one byte off alignment.

use runtime::format::I32Le;
use runtime::kernels::Linear;

/// Memory for operands and results, with room for one misaligned byte.
pub struct Storage {
    /// Inputs.
    pub x: [i8; 25_001],
    /// Weights.
    pub weights: [i8; 13_001],
    /// Results of the definition.
    pub expected: [i8; 8_449],
    /// Results of the set under test.
    pub found: [i8; 8_449],
    /// The residual stream, by the definition.
    pub wide_expected: [i16; 3_073],
    /// The residual stream, by the set under test.
    pub wide_found: [i16; 3_073],
    /// Pooled sums by both.
    pub sums: [i32; 4_096],
    /// Scratch of attention.
    pub scores: [i32; 257],
}

impl Storage {
    /// Zeros.
    pub const fn new() -> Self {
        Self {
            x: [0; 25_001],
            weights: [0; 13_001],
            expected: [0; 8_449],
            found: [0; 8_449],
            wide_expected: [0; 3_073],
            wide_found: [0; 3_073],
            sums: [0; 4_096],
            scores: [0; 257],
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self::new()
    }
}

/// A 64-bit linear congruential generator (Knuth's MMIX constants).
pub struct Random(u64);

impl Random {
    /// A generator whose whole sequence follows from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 32 bits.
    pub const fn next(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// A number from 0 to `n - 1`.
    pub const fn below(&mut self, n: u32) -> u32 {
        ((self.next() as u64 * n as u64) >> 32) as u32
    }

    /// i8 values: anything, or only the extremes.
    pub fn fill(&mut self, values: &mut [i8], extreme: bool) {
        for value in values {
            let bits = self.next() >> 7;
            *value = match (extreme, bits & 1) {
                (false, _) => bits as i8,
                (true, 0) => -128,
                (true, _) => 127,
            };
        }
    }
}

/// Most channels of a [`Layer`].
const CHANNELS: usize = 128;

/// Bias and rescale of a layer's channels, the bytes one off alignment.
pub struct Layer {
    k: usize,
    n: usize,
    /// i32 from the second byte on.
    pub bias: [u8; 4 * CHANNELS + 1],
    mult: [u8; 4 * CHANNELS + 1],
    /// One a channel.
    pub shift: [u8; CHANNELS],
}

impl Layer {
    /// For `n` outputs over `k` inputs.
    pub fn new(random: &mut Random, k: usize, n: usize, extreme: bool) -> Self {
        let mut layer = Self { k, n, bias: [0; _], mult: [0; _], shift: [0; CHANNELS] };
        for bias in layer.bias[1..].chunks_exact_mut(4) {
            let value = if extreme { 1 << 30 } else { random.next().cast_signed() >> 14 };
            bias.copy_from_slice(&value.to_le_bytes());
        }
        for mult in layer.mult[1..].chunks_exact_mut(4) {
            mult.copy_from_slice(&((1 << 30) + random.below(1 << 30)).to_le_bytes());
        }
        // Around the shift at which typical sums use the whole output range.
        let spread = k.ilog2() / 2;
        layer.shift.fill_with(|| (36 + spread + random.below(5)) as u8);
        layer
    }

    /// The layer with these weights.
    pub fn linear<'a>(&'a self, weights: &'a [i8]) -> Option<Linear<'a>> {
        let bias = I32Le::new(&self.bias[1..][..4 * self.n])?;
        let mult = I32Le::new(&self.mult[1..][..4 * self.n])?;
        Linear::new(weights, bias, mult, &self.shift[..self.n], self.k).ok()
    }
}
