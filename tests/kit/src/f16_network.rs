//! Valid blobs of the arithmetic `F16` with random weights.
//!
//! Weights are drawn as bits of f16. No float is computed, so the same seed gives the same blob on every
//! platform.

use crate::network::grow;
use crate::rng::Rng;
use runtime::config::{Pool, VitConfig};
use runtime::format::{
    ARITHMETIC_F16, Blob, BlockRecord, ConvRecord, EndRecord, F16LinearRecord, F16NormRecord,
    HEAD_CLASS, HeadRecord, Header, PixelRecord, write, write_class_head,
};

/// Owned tensors of a layer or a normalisation: f16 weights or f32 gain, and f32 bias.
struct Layer(Vec<u8>, Vec<u8>);

impl Layer {
    fn linear(&self) -> F16LinearRecord<'_> {
        F16LinearRecord { weights: &self.0, bias: &self.1 }
    }

    fn norm(&self) -> F16NormRecord<'_> {
        F16NormRecord { gamma: &self.0, beta: &self.1 }
    }
}

/// Owned tensors of one block.
struct Block {
    norms: [Layer; 2],
    layers: [Layer; 4],
    depthwise: Option<Layer>,
}

/// A blob for `Model::parse_f16`.
pub fn blob(config: &VitConfig, seed: u64) -> Vec<u8> {
    let mut fill = Filler(Rng::new(seed));
    let (convs, inputs) = fill.stem(config);
    let convs: Vec<_> = convs
        .iter()
        .map(|(layer, skip)| ConvRecord {
            linear: layer.linear(),
            activation: (),
            skip: skip.then_some(()),
        })
        .collect();
    let embed = fill.linear(config.dim(), inputs);
    let position = fill.f16s(config.tokens() * config.dim());
    let blocks: Vec<Block> = (0..config.depth()).map(|_| fill.block(config)).collect();
    let blocks: Vec<_> = blocks.iter().map(|block| block.record(config)).collect();
    let norm = fill.norm(config.dim());
    let head = fill.head(config);
    let blob = Blob {
        arithmetic: ARITHMETIC_F16,
        header: Header {
            spec: config.spec().clone(),
            input: PixelRecord { mean: [0.5, 0.25, 0.75], std: [0.5, 0.25, 0.125] },
            class_names: "",
        },
        convs: &convs,
        embed: embed.linear(),
        position: &position,
        blocks: &blocks,
        end: EndRecord {
            norm: norm.norm(),
            embedding: (config.spec().pool == Pool::Mean).then_some(()),
        },
        heads: &[HeadRecord { kind: HEAD_CLASS, body: &head }],
    };
    grow(|buffer| write(&blob, buffer))
}

impl Block {
    fn record(&self, config: &VitConfig) -> runtime::format::F16Block<'_> {
        let [norm1, norm2] = &self.norms;
        let [qkv, project, mlp1, mlp2] = &self.layers;
        BlockRecord {
            norm1: norm1.norm(),
            qkv: qkv.linear(),
            attention: (),
            project: project.linear(),
            norm2: norm2.norm(),
            mlp1: (mlp1.linear(), ()),
            depthwise: self.depthwise.as_ref().map(|layer| (layer.linear(), ())),
            mlp2: mlp2.linear(),
            mlp2_gelu: config.spec().mlp.second_gelu.then_some(()),
        }
    }
}

/// Draws tensors.
struct Filler(Rng);

impl Filler {
    /// Convolutions of the stem except the last, each with a flag for the sum with the stage's input, and
    /// the number of inputs of the layer that makes tokens.
    fn stem(&mut self, config: &VitConfig) -> (Vec<(Layer, bool)>, usize) {
        let mut convs = Vec::new();
        let mut stem = config.stem_convs().peekable();
        while let Some(conv) = stem.next() {
            if stem.peek().is_none() {
                return (convs, conv.inputs());
            }
            convs.push((self.linear(conv.output.channels, conv.inputs()), conv.skip));
        }
        (convs, config.patch_len().unwrap_or(0))
    }

    fn block(&mut self, config: &VitConfig) -> Block {
        let (dim, width, hidden) = (config.dim(), config.attention_dim(), config.mlp_dim());
        Block {
            norms: [self.norm(dim), self.norm(dim)],
            layers: [
                self.linear(3 * width, dim),
                self.linear(dim, width),
                self.linear(hidden, dim),
                self.linear(dim, hidden),
            ],
            depthwise: config.spec().mlp.depthwise.then(|| self.linear(hidden, 9)),
        }
    }

    fn head(&mut self, config: &VitConfig) -> Vec<u8> {
        let mut inputs = config.pooled_len();
        let mut layers = Vec::new();
        let hidden = config.spec().hidden.iter().map(|&width| usize::from(width));
        for width in hidden.chain([config.classes()]) {
            layers.push(self.linear(width, inputs));
            inputs = width;
        }
        let records: Vec<_> = layers.iter().map(Layer::linear).collect();
        let (last, hidden) = records.split_last().expect("a head has a last layer");
        grow(|buffer| write_class_head(hidden, last, buffer))
    }

    fn linear(&mut self, n: usize, k: usize) -> Layer {
        Layer(self.f16s(n * k), self.f32s(n))
    }

    fn norm(&mut self, dim: usize) -> Layer {
        Layer(self.f32s(dim), self.f32s(dim))
    }

    /// Values of 2^−6 to 2 in magnitude.
    fn f16s(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .flat_map(|_| {
                let (sign, exponent) = (self.0.pick::<u32>(0, 1), self.0.pick::<u32>(9, 15));
                let bits = sign << 15 | exponent << 10 | self.0.pick::<u32>(0, 0x3FF);
                u16::try_from(bits).expect("16 bits").to_le_bytes()
            })
            .collect()
    }

    /// Values of 2^−6 to 2 in magnitude.
    fn f32s(&mut self, len: usize) -> Vec<u8> {
        (0..len)
            .flat_map(|_| {
                let (sign, exponent) = (self.0.pick::<u32>(0, 1), self.0.pick::<u32>(121, 127));
                (sign << 31 | exponent << 23 | self.0.pick::<u32>(0, 0x7F_FFFF)).to_le_bytes()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smallest;
    use runtime::Model;

    #[test]
    fn blobs_run_and_give_finite_logits() {
        for (name, network) in smallest::networks() {
            let config = VitConfig::new(network.spec).unwrap();
            let blob = blob(&config, 1);
            let model = Model::parse_f16(&blob).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut arena = vec![0; model.arena_len()];
            let image = crate::image::random(config.image(), 1);
            let output = model.run(&image, &mut arena).unwrap();
            let logits = output.logits();
            assert!(logits.iter().all(|logit| logit.is_finite()), "{name}: {logits:?}");
            assert!(logits[0] != logits[1], "{name}: {logits:?}");
        }
    }
}
