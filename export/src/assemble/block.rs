//! Blocks: normalisations folded into the layers that follow, attention, MLP.

use super::bytes::{BlockBytes, LinearBytes, i16_bytes};
use super::scales::{Assembler, Stored};
use crate::float::{FloatBlock, Layer, Scaling};
use crate::quantize::{Affine, QuantLinear, finest_output_scale, gelu_table_i16, multiplier};
use anyhow::Result;
use runtime::fixed::Octaves;
use runtime::format::{AttentionRecord, ContextRecord, NormRecord};
use runtime::site::{BlockSite, SiteId};

/// Scales inside one block. None of them depends on the scale of the residual stream.
pub(super) struct BlockScales {
    norm1: Affine,
    query: Affine,
    key: Affine,
    value: Affine,
    pub(super) context: Affine,
    norm2: Affine,
    mlp1: Stored,
    depthwise: Option<Stored>,
    /// The output of the second MLP layer before GELU, if GELU follows it.
    pub(super) mlp2: Option<Affine>,
}

impl BlockScales {
    /// Scale and zero point of the input of the second MLP layer.
    pub(super) fn hidden(&self) -> Affine {
        self.depthwise.unwrap_or(self.mlp1).output()
    }
}

/// A block's layers with the normalisations and the depthwise sum folded in.
struct Folded {
    qkv: [Layer; 3],
    mlp1: Layer,
    depthwise: Option<Layer>,
}

impl Folded {
    fn new(block: &FloatBlock) -> Self {
        let fold = |layer: &Layer, norm: &Scaling| layer.clone().fold_inputs(norm);
        Self {
            qkv: block.qkv.each_ref().map(|layer| fold(layer, &block.norm1)),
            mlp1: fold(&block.mlp1, &block.norm2),
            depthwise: block.depthwise.clone().map(Layer::with_identity),
        }
    }
}

impl Assembler<'_> {
    /// Chooses the scales of one block.
    pub(super) fn block_scales(&mut self, index: usize) -> Result<BlockScales> {
        let block = u8::try_from(index)?;
        let at = |at| SiteId::Block { block, at };
        let layers = &self.net.blocks[index];
        let folded = Folded::new(layers);
        let norm1 = self.norm_site(at(BlockSite::Norm1))?;
        let [query, key, value] = [
            self.symmetric(at(BlockSite::Query), &folded.qkv[0], norm1)?,
            self.symmetric(at(BlockSite::Key), &folded.qkv[1], norm1)?,
            self.symmetric(at(BlockSite::Value), &folded.qkv[2], norm1)?,
        ];
        // The rescale of the weighted values can represent factors below 64.
        let context = self.site(at(BlockSite::Context), value.scale / 63.0)?;
        let norm2 = self.norm_site(at(BlockSite::Norm2))?;
        let floor = finest_output_scale(&folded.mlp1, norm2);
        let gelu = at(BlockSite::Gelu);
        let after = folded.depthwise.is_none().then_some(gelu);
        let mlp1 = self.activation(at(BlockSite::Mlp1), after, floor)?;
        let depthwise = match &folded.depthwise {
            None => None,
            Some(layer) => {
                let floor = finest_output_scale(layer, mlp1.output());
                Some(self.activation(at(BlockSite::Depthwise), Some(gelu), floor)?)
            }
        };
        let hidden = depthwise.unwrap_or(mlp1).output();
        let mlp2 = match self.net.config.spec().mlp.second_gelu {
            false => None,
            true => {
                let floor = finest_output_scale(&layers.mlp2, hidden);
                Some(self.site(at(BlockSite::Mlp2), floor)?)
            }
        };
        Ok(BlockScales { norm1, query, key, value, context, norm2, mlp1, depthwise, mlp2 })
    }

    /// Quantizes one block, once the residual stream's scale is known.
    pub(super) fn block(&mut self, index: usize, scales: &BlockScales) -> BlockBytes {
        let block = u8::try_from(index).unwrap_or(u8::MAX);
        for at in [BlockSite::Attention, BlockSite::Output] {
            self.sites.insert(SiteId::Block { block, at }, Affine::centred(self.residual));
        }
        let layers = &self.net.blocks[index];
        let folded = Folded::new(layers);
        let linear = |layer: &Layer, input: Affine, scale: f64| {
            LinearBytes::new(&QuantLinear::new(layer, input, |_| scale))
        };
        BlockBytes {
            norm1: self.norm_record(scales.norm1),
            qkv: LinearBytes::new(&self.qkv(&folded.qkv, scales)),
            attention: AttentionRecord {
                scores: self.scores(scales),
                context: context_record(scales),
            },
            project: linear(&layers.project, scales.context, self.residual),
            norm2: self.norm_record(scales.norm2),
            mlp1: (
                linear(&folded.mlp1, scales.norm2, scales.mlp1.before.scale),
                scales.mlp1.bytes(),
            ),
            depthwise: folded.depthwise.as_ref().zip(scales.depthwise).map(|(layer, stored)| {
                let input = scales.mlp1.output();
                let quantized = QuantLinear::new(layer, input, |_| stored.before.scale);
                (LinearBytes::new(&quantized.tap_major()), stored.bytes())
            }),
            mlp2: linear(
                &layers.mlp2,
                scales.hidden(),
                scales.mlp2.map_or(self.residual, |mlp2| mlp2.scale),
            ),
            mlp2_gelu: scales.mlp2.map(|mlp2| {
                let table = gelu_table_i16(mlp2, self.residual);
                (mlp2.zero_point, i16_bytes(&table))
            }),
        }
    }

    /// Scale and zero point of a normalisation whose gain and bias are folded into the next layer.
    fn norm_site(&mut self, site: SiteId) -> Result<Affine> {
        let affine = Affine::asymmetric(self.ranges.normalised(site)?, 0.0);
        self.sites.insert(site, affine);
        Ok(affine)
    }

    fn symmetric(&mut self, site: SiteId, layer: &Layer, input: Affine) -> Result<Affine> {
        let floor = finest_output_scale(layer, input);
        let affine = Affine::symmetric(self.ranges.site(site)?, floor);
        self.sites.insert(site, affine);
        Ok(affine)
    }

    fn norm_record(&self, output: Affine) -> NormRecord {
        let gain = multiplier(1.0 / output.scale, 7, 37);
        NormRecord {
            eps: self.eps(),
            mult: gain.mult,
            shift: gain.shift,
            zero_point: output.zero_point,
        }
    }

    /// The three projections as one layer.
    fn qkv(&self, layers: &[Layer; 3], scales: &BlockScales) -> QuantLinear {
        let outputs = [scales.query, scales.key, scales.value];
        let packed = Layer {
            weights: layers.iter().flat_map(|layer| layer.weights.iter().copied()).collect(),
            bias: layers.iter().flat_map(|layer| layer.bias.iter().copied()).collect(),
        };
        let width = self.net.config.attention_dim();
        QuantLinear::new(&packed, scales.norm1, |channel| outputs[channel / width].scale)
    }

    /// Octaves of one step of a score, times `2^28`.
    fn scores(&self, scales: &BlockScales) -> u32 {
        let head_dim = self.net.config.head_dim() as f64;
        let octaves =
            scales.query.scale * scales.key.scale * core::f64::consts::LOG2_E / head_dim.sqrt();
        let limit = f64::from(Octaves::MAX_MULT);
        (octaves * 2f64.powi(28)).round_ties_even().clamp(1.0, limit) as u32
    }
}

fn context_record(scales: &BlockScales) -> ContextRecord {
    let factor = multiplier(scales.value.scale / scales.context.scale, 25, 55);
    ContextRecord { mult: factor.mult, shift: factor.shift, zero_point: scales.context.zero_point }
}
