//! Turns a whole network into one int8 blob: scales site by site, then records in order.

use super::block::BlockScales;
use super::bytes::{BlockBytes, ConvBytes, LinearBytes, i16_bytes};
use super::head::EndBytes;
use super::scales::Assembler;
use super::stem::StemBytes;
use super::write::{class_names, fit};
use crate::calibrate::Ranges;
use crate::float::FloatNet;
use crate::quantize::{Affine, finest_output_scale};
use anyhow::{Result, anyhow, ensure};
use runtime::format::{ARITHMETIC_INT8, Blob, HEAD_ATTRIBUTES, HEAD_CLASS, HeadRecord, Header};
use runtime::site::SiteId;
use std::collections::BTreeMap;
use trainer::quantize::Pixels;

/// A quantized network.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The blob, which [`runtime::Model::parse`] has read once.
    pub blob: Vec<u8>,
    /// Scale and zero point of each stored site.
    pub sites: BTreeMap<SiteId, Affine>,
}

/// Quantizes a network.
///
/// # Errors
/// If a range is missing or not finite, a name contains a line break, the attributes do not fit the network, or
/// the runtime refuses the resulting blob.
pub fn assemble(net: &FloatNet, ranges: &Ranges) -> Result<Quantized> {
    let mut assembler = Assembler { net, ranges, sites: BTreeMap::new(), residual: 0.0 };
    let stem = assembler.stem()?;
    let blocks = (0..net.config.depth())
        .map(|block| assembler.block_scales(block))
        .collect::<Result<Vec<_>>>()?;
    assembler.residual = assembler.residual_scale(&stem, &blocks)?;
    let embed = assembler.embed(&stem);
    let blocks: Vec<BlockBytes> =
        blocks.iter().enumerate().map(|(index, scales)| assembler.block(index, scales)).collect();
    let end = assembler.end()?;
    let head = assembler.class_head(&end)?;
    let attributes = net.attributes.as_ref();
    let attributes = attributes.map(|layer| assembler.attribute_head(layer, &end)).transpose()?;
    let mut heads = vec![HeadRecord { kind: HEAD_CLASS, body: &head }];
    heads.extend(attributes.as_ref().map(|body| HeadRecord { kind: HEAD_ATTRIBUTES, body }));
    let blob = write(net, &stem.convs, &embed, &assembler.position(), &blocks, &end, &heads)?;
    runtime::Model::parse(&blob)
        .and_then(|model| runtime::Attributes::parse(&model).map(drop))
        .map_err(|error| anyhow!("the assembled blob is not valid: {error}"))?;
    Ok(Quantized { blob, sites: assembler.sites })
}

impl Assembler<'_> {
    /// One scale for the residual stream. It covers twice the observed range, because 16 bits are enough
    /// for that. It is not finer than the finest output scale of any layer that adds to the stream.
    fn residual_scale(&self, stem: &StemBytes, blocks: &[BlockScales]) -> Result<f64> {
        let peak = self.ranges.residual().peak();
        ensure!(peak.is_finite(), "the residual stream overflows: train the network again");
        let position = self.net.position.iter().fold(0.0, |peak: f64, p| peak.max(p.abs()));
        let mut scale = (2.0 * peak).max(position) / 32_767.0;
        scale = scale.max(finest_output_scale(&stem.last, stem.input));
        for (block, scales) in self.net.blocks.iter().zip(blocks) {
            scale = scale.max(finest_output_scale(&block.project, scales.context));
            if scales.mlp2.is_none() {
                scale = scale.max(finest_output_scale(&block.mlp2, scales.hidden()));
            }
        }
        Ok(if scale > 0.0 { scale } else { 1.0 })
    }

    /// The position embedding at the residual stream's scale.
    fn position(&self) -> Vec<u8> {
        let steps = self.net.position.iter().map(|position| {
            (position / self.residual).round_ties_even().clamp(-32_768.0, 32_767.0) as i16
        });
        i16_bytes(&steps.collect::<Vec<_>>())
    }
}

fn write(
    net: &FloatNet,
    convs: &[ConvBytes],
    embed: &LinearBytes,
    position: &[u8],
    blocks: &[BlockBytes],
    end: &EndBytes,
    heads: &[HeadRecord<'_>],
) -> Result<Vec<u8>> {
    let class_names = class_names(net)?;
    let convs: Vec<_> = convs.iter().map(ConvBytes::record).collect();
    let blocks: Vec<_> = blocks.iter().map(BlockBytes::record).collect();
    let blob = Blob {
        arithmetic: ARITHMETIC_INT8,
        header: Header {
            spec: net.config.spec().clone(),
            input: Pixels::new(net.normalisation).padding(),
            class_names: &class_names,
        },
        convs: &convs,
        embed: embed.record(),
        position,
        blocks: &blocks,
        end: end.record(),
        heads,
    };
    fit(|buffer| runtime::format::write(&blob, buffer))
}
