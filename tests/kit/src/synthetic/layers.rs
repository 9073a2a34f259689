//! Layers whose rescales fit the size of their sums.

use super::values::Values;
use crate::network::{Activation, Linear};
use crate::rng::Rng;

/// Root mean square of a weight that is uniform in −127..=127.
const WEIGHT: i64 = 73;

/// What a layer reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    /// The integer that stands for zero.
    pub(super) zero_point: i8,
    /// Root mean square distance from it, roughly.
    pub(super) spread: i64,
}

impl Signal {
    pub(super) const IMAGE: Self = Self { zero_point: 0, spread: 45 };

    /// A normalisation's output, with the zero point that the next layer uses.
    pub(super) const fn spread_by(spread: i64, zero_point: i8) -> Self {
        Self { zero_point, spread }
    }
}

/// Draws values for records.
pub(super) struct Filler {
    pub(super) rng: Rng,
    pub(super) values: Values,
}

impl Filler {
    /// Whether the next record gets any allowed values instead of typical ones.
    pub(super) fn extreme(&mut self) -> bool {
        self.values == Values::Extreme && self.rng.one_in(2)
    }

    /// A layer of `n` outputs over `k` inputs whose outputs spread by `spread`.
    pub(super) fn linear(&mut self, n: usize, k: usize, input: Signal, spread: i64) -> Linear {
        if self.extreme() {
            return self.any_linear(n, k);
        }
        let inputs = i64::try_from(k).expect("at most 65,535");
        let acc = (inputs * (WEIGHT * input.spread).pow(2)).isqrt().max(1);
        let mut linear = Linear {
            weights: Vec::with_capacity(n * k),
            bias: Vec::new(),
            mult: Vec::new(),
            shift: Vec::new(),
        };
        for _ in 0..n {
            let row: Vec<i8> = (0..k).map(|_| self.rng.pick(-127, 127)).collect();
            self.channel(&mut linear, &row, acc, input.zero_point, spread);
            linear.weights.extend(row.iter().map(|w| w.cast_unsigned()));
        }
        linear
    }

    /// Bias and rescale of one output channel with the given weights.
    fn channel(&mut self, linear: &mut Linear, w: &[i8], acc: i64, zero_point: i8, spread: i64) {
        let noise = self.rng.between(-acc / 2, acc / 2);
        let sum: i64 = w.iter().map(|&w| i64::from(w)).sum();
        let bias = (noise - i64::from(zero_point) * sum).clamp(-(1 << 30), 1 << 30);
        let bias = i32::try_from(bias).expect("clamped");
        // Channels differ by a factor of up to two.
        let (mult, shift) = factor(spread * self.rng.between(64, 128), acc * 96);
        linear.bias.extend(bias.to_le_bytes());
        linear.mult.extend(mult.to_le_bytes());
        linear.shift.push(shift.clamp(32, 62));
    }

    fn any_linear(&mut self, n: usize, k: usize) -> Linear {
        let ends = self.rng.one_in(3);
        let weights = (0..n * k)
            .map(|_| match ends {
                true => [0x80, 0x7F][usize::from(self.rng.one_in(2))],
                false => self.rng.pick(0, u8::MAX),
            })
            .collect();
        let mult = (0..n).flat_map(|_| self.any_mult().to_le_bytes()).collect();
        // A larger shift makes almost every sum zero.
        let max = if self.rng.one_in(4) { 62 } else { 44 };
        Linear {
            weights,
            bias: self.any_i32s(n, 1 << 30),
            mult,
            shift: (0..n).map(|_| self.rng.pick(32, max)).collect(),
        }
    }

    /// A depthwise convolution with GELU, and its output signal.
    pub(super) fn depthwise(
        &mut self,
        channels: usize,
        input: Signal,
    ) -> (Linear, Activation, Signal) {
        let mut linear = self.linear(channels, 9, input, 40);
        // Stored tap by tap.
        linear.weights =
            (0..9 * channels).map(|i| linear.weights[i % channels * 9 + i / channels]).collect();
        let (activation, output) = self.activation(true);
        (linear, activation, output)
    }

    /// Zero point and perhaps a table that is steep above it and flat below, as GELU is.
    pub(super) fn activation(&mut self, gelu: bool) -> (Activation, Signal) {
        let zero_point: i8 = self.rng.pick(-30, 30);
        if !gelu {
            let activation = Activation { zero_point, gelu: None };
            return (activation, Signal::spread_by(40, zero_point));
        }
        let zero_after: i8 = self.rng.pick(-110, -40);
        let extreme = self.extreme();
        let table = (0..=u8::MAX)
            .map(|bits| {
                let x = i64::from(bits.cast_signed()) - i64::from(zero_point);
                let y = if x >= 0 { x } else { x / 8 } + self.rng.between(-2, 2);
                let y = (i64::from(zero_after) + y).clamp(-128, 127);
                match extreme {
                    true => self.rng.pick(0, u8::MAX),
                    false => i8::try_from(y).expect("clamped").cast_unsigned(),
                }
            })
            .collect();
        let activation = Activation { zero_point, gelu: Some((table, zero_after)) };
        (activation, Signal::spread_by(22, zero_after))
    }

    /// i16 values of at most `peak` in magnitude.
    pub(super) fn i16s(&mut self, len: usize, peak: i16) -> Vec<u8> {
        (0..len).flat_map(|_| self.rng.pick(-peak, peak).to_le_bytes()).collect()
    }

    /// i32 values of at most `peak` in magnitude, a quarter of them at either end.
    pub(super) fn any_i32s(&mut self, len: usize, peak: i32) -> Vec<u8> {
        (0..len)
            .flat_map(|_| {
                let value = match self.rng.pick(0, 7) {
                    0 => -peak,
                    1 => peak,
                    _ => self.rng.pick(-peak, peak),
                };
                value.to_le_bytes()
            })
            .collect()
    }

    pub(super) fn any_mult(&mut self) -> u32 {
        match self.rng.pick(0, 7) {
            0 => 1 << 30,
            1 => (1 << 31) - 1,
            _ => self.rng.pick(1 << 30, (1u32 << 31) - 1),
        }
    }

    pub(super) fn any_eps(&mut self) -> u32 {
        match self.rng.pick(0, 3) {
            0 => 1,
            1 => (1 << 31) - 1,
            _ => self.rng.pick(1, 1_000_000),
        }
    }
}

/// `mult` and `shift` with `mult · 2^−shift` just below or at `num / den`, `2^30 ≤ mult < 2^31`.
pub(super) fn factor(num: i64, den: i64) -> (u32, u8) {
    let (num, den) = (i128::from(num.max(1)), i128::from(den.max(1)));
    for shift in 0..=62u8 {
        if let Ok(mult) = u32::try_from((num << shift) / den)
            && (1 << 30..1 << 31).contains(&mult)
        {
            return (mult, shift);
        }
    }
    // Above 2^31 or below 2^−32: the nearest end.
    if num > den { ((1 << 31) - 1, 0) } else { (1 << 30, 62) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_normalised_and_just_below_the_ratio() {
        for (num, den) in [(1, 3), (40, 7_000), (3, 1), (1, 2), (999, 1_000_000)] {
            let (mult, shift) = factor(num, den);
            let (product, scaled) = (i128::from(mult) * i128::from(den), i128::from(num) << shift);
            assert!(
                product <= scaled && scaled < product + i128::from(den),
                "{num} / {den}: {mult} >> {shift}"
            );
            assert!((1 << 30..1 << 31).contains(&mult), "{num} / {den}: {mult} is not normalised");
        }
    }
}
