//! Valid networks with random weights, for any [`VitConfig`].
//!
//! All values are drawn as integers from a seed, so the same seed gives the same blob on every platform.

mod attributes;
mod blocks;
mod descriptor;
mod layers;
mod values;

pub use attributes::attributes;
pub use descriptor::descriptor;
pub use values::Values;

use crate::network::{Conv, End, Network};
use crate::rng::Rng;
use layers::{Filler, Signal};
use runtime::config::{ConvKind, Pool, StemConv, VitConfig};
use runtime::format::RequantRecord;

/// A valid network for `config`.
pub fn network(config: &VitConfig, seed: u64, values: Values) -> Network {
    let mut fill = Filler { rng: Rng::new(seed), values };
    let pad = core::array::from_fn(|_| fill.rng.pick(i8::MIN, i8::MAX));
    let (convs, last) = stem(config, &mut fill);
    let inputs = match config.patch_len() {
        Some(len) => len,
        None => config.stem_convs().last().map_or(0, |conv| conv.inputs()),
    };
    let embed = fill.linear(config.dim(), inputs, last, 3000);
    let position = fill.i16s(config.tokens() * config.dim(), 2000);
    let blocks = (0..config.depth()).map(|_| fill.block(config)).collect::<Vec<_>>();
    let end = end(config, &mut fill);
    let class_head = fill.class_head(config, end.zero_point);
    let names: Vec<String> = (0..config.classes()).map(|c| format!("class {c}")).collect();
    Network {
        spec: config.spec().clone(),
        pad,
        class_names: names.join("\n"),
        convs,
        embed,
        position,
        blocks,
        end,
        class_head,
        other_heads: Vec::new(),
    }
}

/// Convolutions of the stem except the last, and the signal that the last one or the patch layer reads.
fn stem(config: &VitConfig, fill: &mut Filler) -> (Vec<Conv>, Signal) {
    let mut convs = Vec::new();
    let mut signal = Signal::IMAGE;
    let mut stem = config.stem_convs().peekable();
    while let Some(conv) = stem.next() {
        if stem.peek().is_some() {
            signal = fill.conv(&conv, signal, &mut convs);
        }
    }
    (convs, signal)
}

impl Filler {
    /// A convolution; returns its output signal.
    fn conv(&mut self, conv: &StemConv, input: Signal, convs: &mut Vec<Conv>) -> Signal {
        let (n, k) = (conv.output.channels, conv.inputs());
        if conv.skip {
            return self.skip((n, k), input, convs);
        }
        let (linear, activation, output) = match conv.kind {
            ConvKind::Depthwise => self.depthwise(n, input),
            ConvKind::Full | ConvKind::Pointwise => {
                let linear = self.linear(n, k, input, 40);
                let (activation, output) = self.activation(conv.gelu);
                (linear, activation, output)
            }
        };
        convs.push(Conv { linear, activation, skip: None });
        output
    }

    /// The last convolution of a residual stage.
    fn skip(&mut self, (n, k): (usize, usize), input: Signal, convs: &mut Vec<Conv>) -> Signal {
        // A smaller spread than in other layers, since the stage's input is added.
        let linear = self.linear(n, k, input, 20);
        let (activation, output) = self.activation(false);
        // Half to three quarters of the stage's input.
        let eighths = self.rng.pick(4, 6);
        convs.push(Conv { linear, activation, skip: Some(self.requant(eighths, 8 * 256)) });
        output
    }
}

fn end(config: &VitConfig, fill: &mut Filler) -> End {
    let dim = config.dim();
    let extreme = fill.extreme();
    let embedding = (config.spec().pool == Pool::Mean).then(|| {
        // Sums of tokens are about 14 steps per token.
        let tokens = i64::try_from(config.tokens()).expect("at most 1024");
        fill.requant(5, 3 * tokens.max(6))
    });
    if extreme {
        return End {
            eps: fill.any_eps(),
            gamma: fill.i16s(dim, i16::MAX),
            beta: fill.any_i32s(dim, 1 << 29),
            shift: fill.rng.pick(1, 24),
            zero_point: fill.rng.pick(i8::MIN, i8::MAX),
            embedding,
        };
    }
    // Normalised values have 10 fraction bits: a gain of 640 at shift 14 spreads them by 40.
    let gamma = (0..dim)
        .map(|_| fill.rng.pick::<i16>(400, 900) * if fill.rng.one_in(2) { 1 } else { -1 })
        .flat_map(i16::to_le_bytes)
        .collect();
    let beta =
        (0..dim).map(|_| fill.rng.pick::<i32>(-20, 20) << 14).flat_map(i32::to_le_bytes).collect();
    End {
        eps: fill.rng.pick(1, 1000),
        gamma,
        beta,
        shift: 14,
        zero_point: fill.rng.pick(-20, 20),
        embedding,
    }
}

/// The blob of a typical network: [`network`] and [`Network::to_bytes`].
pub fn blob(config: &VitConfig, seed: u64) -> Vec<u8> {
    network(config, seed, Values::Typical).to_bytes()
}

impl Filler {
    /// The largest rescale that is at most `num / den`, or any rescale if the record is extreme.
    fn requant(&mut self, num: i64, den: i64) -> RequantRecord {
        if self.extreme() {
            return RequantRecord { mult: self.any_mult(), shift: self.rng.pick(32, 62) };
        }
        let (mult, shift) = layers::factor(num, den);
        RequantRecord { mult, shift: shift.clamp(32, 62) }
    }
}
