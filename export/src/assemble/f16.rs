//! Assembles a network into a blob with f16 weights. This needs no calibration.

use super::write::{class_names, fit};
use crate::float::{FloatBlock, FloatNet, Layer, Scaling};
use anyhow::{Context, Result, anyhow, bail};
use half::f16;
use runtime::config::{ConvKind, Pool};
use runtime::format::{
    ARITHMETIC_F16, Blob, BlockRecord, ConvRecord, EndRecord, F16Block, F16LinearRecord,
    F16NormRecord, HEAD_CLASS, HeadRecord, Header, PixelRecord, write_class_head,
};

/// Writes a network as a blob for `Model::parse_f16`.
///
/// # Errors
/// If a weight is too large for f16, a class name contains a line break, or the runtime refuses the blob.
pub fn assemble_f16(net: &FloatNet) -> Result<Vec<u8>> {
    let (last, convs) = match &net.patch {
        Some(patch) => (patch, [].as_slice()),
        None => net
            .convs
            .split_last()
            .context("the stem consists of convolutions, but the network has none")?,
    };
    let convs = convs
        .iter()
        .zip(net.config.stem_convs())
        .map(|(layer, conv)| {
            Ok((LinearBytes::new(layer, conv.kind == ConvKind::Depthwise)?, conv.skip))
        })
        .collect::<Result<Vec<_>>>()?;
    let convs: Vec<_> = convs
        .iter()
        .map(|(linear, skip)| ConvRecord {
            linear: linear.record(),
            activation: (),
            skip: skip.then_some(()),
        })
        .collect();
    let embed = LinearBytes::new(last, false)?;
    let blocks = net.blocks.iter().map(BlockBytes::new).collect::<Result<Vec<_>>>()?;
    let second = net.config.spec().mlp.second_gelu;
    let blocks: Vec<_> = blocks.iter().map(|block| block.record(second)).collect();
    let norm = NormBytes::new(&net.norm);
    let embedding = (net.config.spec().pool == Pool::Mean).then_some(());
    let class_names = class_names(net)?;
    let blob = Blob {
        arithmetic: ARITHMETIC_F16,
        header: Header {
            spec: net.config.spec().clone(),
            input: PixelRecord { mean: net.normalisation.mean, std: net.normalisation.std },
            class_names: &class_names,
        },
        convs: &convs,
        embed: embed.record(),
        position: &f16_bytes(&net.position)?,
        blocks: &blocks,
        end: EndRecord { norm: norm.record(), embedding },
        heads: &[HeadRecord { kind: HEAD_CLASS, body: &class_head(net)? }],
    };
    let blob = fit(|buffer| runtime::format::write(&blob, buffer))?;
    runtime::Model::parse_f16(&blob)
        .map_err(|error| anyhow!("the assembled blob is not valid: {error}"))?;
    Ok(blob)
}

fn class_head(net: &FloatNet) -> Result<Vec<u8>> {
    let layers =
        net.head.iter().map(|layer| LinearBytes::new(layer, false)).collect::<Result<Vec<_>>>()?;
    let records: Vec<_> = layers.iter().map(LinearBytes::record).collect();
    let (last, hidden) = records.split_last().context("the network has no class head")?;
    fit(|buffer| write_class_head(hidden, last, buffer))
}

/// The bytes of a layer.
struct LinearBytes {
    weights: Vec<u8>,
    bias: Vec<u8>,
}

impl LinearBytes {
    /// Reorders the weights of a depthwise layer from `[channel, tap]` to `[tap, channel]`.
    fn new(layer: &Layer, depthwise: bool) -> Result<Self> {
        let channels = layer.bias.len();
        let weights = if depthwise {
            let tap_major = |at: usize| layer.weights[at % channels * 9 + at / channels];
            f16_bytes(&(0..layer.weights.len()).map(tap_major).collect::<Vec<_>>())?
        } else {
            f16_bytes(&layer.weights)?
        };
        Ok(Self { weights, bias: f32_bytes(&layer.bias) })
    }

    fn record(&self) -> F16LinearRecord<'_> {
        F16LinearRecord { weights: &self.weights, bias: &self.bias }
    }
}

/// The bytes of a layer normalisation.
struct NormBytes {
    gamma: Vec<u8>,
    beta: Vec<u8>,
}

impl NormBytes {
    fn new(norm: &Scaling) -> Self {
        Self { gamma: f32_bytes(&norm.gain), beta: f32_bytes(&norm.offset) }
    }

    fn record(&self) -> F16NormRecord<'_> {
        F16NormRecord { gamma: &self.gamma, beta: &self.beta }
    }
}

/// The bytes of a block.
struct BlockBytes {
    norm1: NormBytes,
    qkv: LinearBytes,
    project: LinearBytes,
    norm2: NormBytes,
    mlp1: LinearBytes,
    depthwise: Option<LinearBytes>,
    mlp2: LinearBytes,
}

impl BlockBytes {
    fn new(block: &FloatBlock) -> Result<Self> {
        let qkv = Layer {
            weights: block.qkv.iter().flat_map(|layer| layer.weights.iter().copied()).collect(),
            bias: block.qkv.iter().flat_map(|layer| layer.bias.iter().copied()).collect(),
        };
        let depthwise = block.depthwise.clone().map(Layer::with_identity);
        Ok(Self {
            norm1: NormBytes::new(&block.norm1),
            qkv: LinearBytes::new(&qkv, false)?,
            project: LinearBytes::new(&block.project, false)?,
            norm2: NormBytes::new(&block.norm2),
            mlp1: LinearBytes::new(&block.mlp1, false)?,
            depthwise: depthwise.map(|layer| LinearBytes::new(&layer, true)).transpose()?,
            mlp2: LinearBytes::new(&block.mlp2, false)?,
        })
    }

    fn record(&self, second_gelu: bool) -> F16Block<'_> {
        BlockRecord {
            norm1: self.norm1.record(),
            qkv: self.qkv.record(),
            attention: (),
            project: self.project.record(),
            norm2: self.norm2.record(),
            mlp1: (self.mlp1.record(), ()),
            depthwise: self.depthwise.as_ref().map(|layer| (layer.record(), ())),
            mlp2: self.mlp2.record(),
            mlp2_gelu: second_gelu.then_some(()),
        }
    }
}

fn f32_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect()
}

fn f16_bytes(values: &[f64]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 * values.len());
    for &value in values {
        let half = f16::from_f64(value);
        if !half.is_finite() {
            bail!("the weight {value} is too large for f16, whose largest value is {}", f16::MAX);
        }
        bytes.extend(half.to_le_bytes());
    }
    Ok(bytes)
}
