//! Blocks and the class head.

use super::layers::{Filler, Signal, factor};
use crate::network::{Block, ClassHead};
use runtime::config::{Pool, VitConfig};
use runtime::format::{ContextRecord, NormRecord, RequantRecord};

impl Filler {
    pub(super) fn block(&mut self, config: &VitConfig) -> Block {
        let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
        let mlp = config.spec().mlp;
        let (norm1, normed) = self.norm();
        let qkv = self.linear(3 * width, dim, normed, 40);
        let (context, mixed) = self.context();
        let project = self.linear(dim, width, mixed, 900);
        let (norm2, normed) = self.norm();
        let linear = self.linear(hidden, dim, normed, 40);
        let (activation, mut inner) = self.activation(!mlp.depthwise);
        let depthwise = mlp.depthwise.then(|| {
            let (linear, activation, output) = self.depthwise(hidden, inner);
            inner = output;
            (linear, activation)
        });
        let spread = if mlp.second_gelu { 40 } else { 2500 };
        Block {
            norm1,
            qkv,
            scores: self.scores(config),
            context,
            project,
            norm2,
            mlp1: (linear, activation),
            depthwise,
            mlp2: self.linear(dim, hidden, inner, spread),
            mlp2_gelu: mlp.second_gelu.then(|| self.second_gelu()),
        }
    }

    /// A normalisation whose output spreads by 30 to 60 steps.
    fn norm(&mut self) -> (NormRecord, Signal) {
        let zero_point = self.rng.pick(-20, 20);
        if self.extreme() {
            let record = NormRecord {
                eps: self.any_eps(),
                mult: self.any_mult(),
                shift: self.rng.pick(7, 37),
                zero_point: self.rng.pick(i8::MIN, i8::MAX),
            };
            return (record, Signal::spread_by(90, record.zero_point));
        }
        let spread = self.rng.between(30, 60);
        let (mult, shift) = factor(spread, 1);
        let record = NormRecord { eps: self.rng.pick(1, 1000), mult, shift, zero_point };
        (record, Signal::spread_by(spread, zero_point))
    }

    /// Scores that differ by about two octaves within a row.
    fn scores(&mut self, config: &VitConfig) -> u32 {
        if self.extreme() {
            return match self.rng.pick(0, 3) {
                0 => 1,
                1 => 1 << 30,
                _ => self.rng.pick(1, 10_000_000),
            };
        }
        let head_dim = i64::try_from(config.head_dim()).expect("at most 128");
        let typical = 40 * 40 * (1_000_000 * head_dim).isqrt() / 1000;
        u32::try_from((6 << 28) / typical).expect("below 2^29")
    }

    fn context(&mut self) -> (ContextRecord, Signal) {
        if self.extreme() {
            let record = ContextRecord {
                mult: self.any_mult(),
                shift: self.rng.pick(25, 55),
                zero_point: self.rng.pick(i8::MIN, i8::MAX),
            };
            return (record, Signal::spread_by(90, record.zero_point));
        }
        let (mult, shift) = factor(self.rng.between(10, 13), 10);
        let zero_point = self.rng.pick(-20, 20);
        let record = ContextRecord { mult, shift, zero_point };
        (record, Signal::spread_by(35, zero_point))
    }

    /// Zero point of the second layer and its table to the residual stream.
    fn second_gelu(&mut self) -> (i8, Vec<u8>) {
        let zero_point: i8 = self.rng.pick(-30, 30);
        if self.extreme() {
            return (zero_point, self.i16s(256, i16::MAX));
        }
        let table = (0..=u8::MAX)
            .flat_map(|bits| {
                let x = i16::from(bits.cast_signed()) - i16::from(zero_point);
                let y = if x >= 0 { 60 * x } else { 8 * x };
                (y + self.rng.pick::<i16>(-9, 9)).to_le_bytes()
            })
            .collect();
        (zero_point, table)
    }

    /// The class head over tokens with the given zero point.
    pub(super) fn class_head(&mut self, config: &VitConfig, zero_point: i8) -> ClassHead {
        let tokens = i64::try_from(config.tokens()).expect("at most 1024");
        let mut inputs = config.pooled_len();
        let mut signal = match config.spec().pool {
            Pool::Mean => Signal::spread_by(40, 0),
            Pool::Flatten => Signal::spread_by(40, zero_point),
        };
        let mut hidden = Vec::new();
        for &width in &config.spec().hidden {
            let linear = self.linear(width.into(), inputs, signal, 40);
            let (activation, output) = self.activation(true);
            hidden.push((linear, activation));
            (inputs, signal) = (width.into(), output);
        }
        let values = if config.spec().pool == Pool::Mean && hidden.is_empty() {
            14 * tokens
        } else {
            signal.spread
        };
        let weights = (0..config.classes() * inputs)
            .map(|_| self.rng.pick::<i8>(-127, 127).cast_unsigned())
            .collect();
        let k = i64::try_from(inputs).expect("at most 65,535");
        let logit = (k * (73 * values).pow(2)).isqrt();
        let (mult, shift) = factor(3 << 11, logit);
        let extreme = self.extreme();
        let peak = i32::try_from(logit).expect("far below 2^30");
        ClassHead {
            hidden,
            weights,
            bias: self.any_i32s(config.classes(), if extreme { 1 << 30 } else { peak / 2 }),
            probability: if extreme {
                RequantRecord { mult: self.any_mult(), shift: self.rng.pick(10, 62) }
            } else {
                RequantRecord { mult, shift: shift.clamp(10, 62) }
            },
        }
    }
}
