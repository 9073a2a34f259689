//! Attribute heads with random weights.

use super::layers::{Filler, factor};
use super::values::Values;
use crate::network::AttributeHead;
use crate::rng::Rng;
use runtime::config::VitConfig;

/// A valid head of `count` attributes for a network with a mean pool. It takes no random numbers from those of
/// the network, so that the network stays the same with and without it.
///
/// # Panics
/// If `count` is not 1 to 256.
pub fn attributes(config: &VitConfig, count: usize, seed: u64, values: Values) -> AttributeHead {
    assert!((1..=256).contains(&count), "{count} attributes");
    let mut fill = Filler { rng: Rng::new(seed ^ 0xA77), values };
    let names: Vec<String> = (0..count).map(|index| format!("attribute {index}")).collect();
    let size = |value: usize| i64::try_from(value).expect("at most 1024");
    // The sums of the tokens are about 14 steps per token.
    let logit = (size(config.dim()) * (73 * 14 * size(config.tokens())).pow(2)).isqrt();
    let peak = i32::try_from(logit).expect("far below 2^30");
    let extreme = fill.extreme();
    let (mut weights, mut mult, mut shift) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let ends = extreme && fill.rng.one_in(3);
        weights.extend((0..config.dim()).map(|_| match ends {
            true => [0x80, 0x7F][usize::from(fill.rng.one_in(2))],
            false => fill.rng.pick::<i8>(-127, 127).cast_unsigned(),
        }));
        // Attributes differ by a factor of up to two.
        let (m, s) = match extreme {
            true => (fill.any_mult(), fill.rng.pick(10, 62)),
            false => factor(fill.rng.between(3, 6) << 11, logit),
        };
        mult.extend(m.to_le_bytes());
        shift.push(s.clamp(10, 62));
    }
    let bias = fill.any_i32s(count, if extreme { 1 << 30 } else { peak / 2 });
    AttributeHead { names: names.join("\n"), weights, bias, mult, shift }
}
