//! A random descriptor head for any network with a mean pool over a token grid.

use super::layers::Filler;
use super::values::Values;
use crate::network::{DescriptorHead, Linear, PartHead};
use crate::rng::Rng;
use runtime::config::VitConfig;
use runtime::format::{NormRecord, RequantRecord};

/// A descriptor head whose parts have `class` and `appearance` values, and whose activations use the range of
/// i8 if values are typical.
///
/// # Panics
/// If the tokens form no grid.
pub fn descriptor(
    config: &VitConfig,
    seed: u64,
    values: Values,
    [class, appearance]: [u8; 2],
) -> DescriptorHead {
    let mut fill = Filler { rng: Rng::new(seed), values };
    let grid = config.token_grid().expect("a token grid");
    let cells = [grid.height, grid.width].map(|side| cells(&mut fill.rng, side));
    let dim = config.dim();
    let count = usize::from(cells[0]) * usize::from(cells[1]);
    let extreme = fill.extreme();
    // A cell's sum is some thousands for each token.
    let tokens = i64::try_from(config.tokens() / count).expect("at most 1024");
    let channels = fill.any_channels(dim, 40, 4000 * tokens, extreme);
    DescriptorHead {
        block: fill.rng.pick(1, config.spec().depth),
        cells,
        channels,
        appearance: part(&mut fill, appearance, count * dim),
        class: part(&mut fill, class, dim),
        known_weights: fill.bytes(config.classes() * usize::from(class)),
        known_bias: fill.any_i32s(config.classes(), 1 << 12),
        known_scale: known_scale(&mut fill, extreme),
    }
}

/// A divisor of a side, at most 4.
fn cells(rng: &mut Rng, side: usize) -> u8 {
    let cells: u8 = rng.pick(1, 4);
    let divides = side.is_multiple_of(usize::from(cells));
    if divides { cells } else { 1 }
}

fn known_scale(fill: &mut Filler, extreme: bool) -> RequantRecord {
    if extreme {
        return RequantRecord { mult: fill.any_mult(), shift: fill.rng.pick(32, 62) };
    }
    fill.requant(255, 60_000)
}

/// A part over `inputs` values that spread by 40.
fn part(fill: &mut Filler, dim: u8, inputs: usize) -> PartHead {
    let extreme = fill.extreme();
    let values = usize::from(dim);
    let weights = fill.bytes(values * inputs);
    // Weights spread by 74.
    let sums = 74 * 40 * i64::from(inputs.isqrt() as u32);
    let layer = Linear { weights, ..fill.any_channels(values, 3000, 7000.max(sums), extreme) };
    let norm = NormRecord {
        eps: fill.any_eps(),
        mult: fill.any_mult(),
        // Normalised values spread by 32 to 64, or anything.
        shift: if extreme { fill.rng.pick(7, 37) } else { 25 },
        zero_point: if extreme { fill.rng.pick(i8::MIN, i8::MAX) } else { 0 },
    };
    PartHead {
        dim,
        layer,
        norm,
        code_weights: fill.bytes(64 * values),
        code_bias: fill.any_i32s(64, if extreme { 1 << 30 } else { 1 << 10 }),
    }
}

impl Filler {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.rng.pick(0, u8::MAX)).collect()
    }

    /// Bias and rescale of `n` channels without weights, from sums that spread by `acc` to values that spread by
    /// `spread`, or anything.
    fn any_channels(&mut self, n: usize, spread: i64, acc: i64, extreme: bool) -> Linear {
        let peak = if extreme { 1 << 30 } else { i32::try_from(acc / 2).expect("below 2^30") };
        let bias = self.any_i32s(n, peak);
        let mut linear = Linear { weights: Vec::new(), bias, mult: Vec::new(), shift: Vec::new() };
        for _ in 0..n {
            let factor = self.requant(spread, acc);
            let mult = if extreme { self.any_mult() } else { factor.mult };
            linear.mult.extend(mult.to_le_bytes());
            linear.shift.push(if extreme { self.rng.pick(32, 62) } else { factor.shift.max(32) });
        }
        linear
    }
}
