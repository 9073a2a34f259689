//! A whole network to one blob: scales site by site, then records in order.

mod block;
mod bytes;
mod f16;
mod head;
mod stem;

pub use f16::assemble_f16;

use crate::calibrate::{LAYER_NORM_EPS, Ranges};
use crate::float::FloatNet;
use crate::quantize::{Affine, finest_output_scale, gelu_table_i8};
use anyhow::{Result, anyhow, ensure};
use bytes::{ActivationBytes, BlockBytes, ConvBytes, LinearBytes, i16_bytes};
use runtime::format::{ARITHMETIC_INT8, Blob, HEAD_CLASS, HeadRecord, Header, WriteError};
use runtime::site::SiteId;
use std::collections::BTreeMap;

/// A quantized network.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The blob, which [`runtime::Model::parse`] has read once.
    pub blob: Vec<u8>,
    /// What the integers of each stored site stand for.
    pub sites: BTreeMap<SiteId, Affine>,
}

/// Quantizes a network.
///
/// # Errors
/// If a range is missing or not finite, a class name holds a line break, or the blob that comes
/// out is not one that the runtime reads.
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
    let blob = write(net, &stem.convs, &embed, &assembler.position(), &blocks, &end, &head)?;
    runtime::Model::parse(&blob)
        .map_err(|error| anyhow!("the assembled blob is not valid: {error}"))?;
    Ok(Quantized { blob, sites: assembler.sites })
}

/// What is known while a network is being assembled.
struct Assembler<'a> {
    net: &'a FloatNet,
    ranges: &'a Ranges,
    sites: BTreeMap<SiteId, Affine>,
    /// Scale of the residual stream.
    residual: f64,
}

impl Assembler<'_> {
    /// Scale and zero point of a site, no finer than `floor`.
    fn site(&mut self, site: SiteId, floor: f64) -> Result<Affine> {
        let affine = Affine::asymmetric(self.ranges.site(site)?, floor);
        self.sites.insert(site, affine);
        Ok(affine)
    }

    /// An i8 layer's output: its own site, and the site after GELU if that follows.
    fn activation(&mut self, linear: SiteId, gelu: Option<SiteId>, floor: f64) -> Result<Stored> {
        let before = self.site(linear, floor)?;
        let after = gelu.map(|site| self.site(site, 0.0)).transpose()?;
        Ok(Stored { before, after })
    }

    /// Epsilon of a layer normalisation in units of the stream's squared scale.
    fn eps(&self) -> u32 {
        (LAYER_NORM_EPS / (self.residual * self.residual))
            .round_ties_even()
            .clamp(1.0, 2f64.powi(31) - 1.0) as u32
    }

    /// One scale for the residual stream: twice the range seen, since 16 bits have room, and no
    /// finer than any layer that is added to it.
    fn residual_scale(&self, stem: &stem::StemBytes, blocks: &[block::BlockScales]) -> Result<f64> {
        let peak = self.ranges.residual().peak();
        ensure!(peak.is_finite(), "the residual stream overflows: train the record again");
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

/// Scales of an i8 layer's output before and after GELU.
#[derive(Clone, Copy)]
struct Stored {
    before: Affine,
    after: Option<Affine>,
}

impl Stored {
    /// What the next layer reads.
    fn output(self) -> Affine {
        self.after.unwrap_or(self.before)
    }

    fn bytes(self) -> ActivationBytes {
        let table = |after| bytes::i8_bytes(&gelu_table_i8(self.before, after));
        ActivationBytes {
            zero_point: self.before.zero_point,
            gelu: self.after.map(|after| (table(after), after.zero_point)),
        }
    }
}

fn write(
    net: &FloatNet,
    convs: &[ConvBytes],
    embed: &LinearBytes,
    position: &[u8],
    blocks: &[BlockBytes],
    end: &head::EndBytes,
    head: &[u8],
) -> Result<Vec<u8>> {
    let class_names = class_names(net)?;
    let convs: Vec<_> = convs.iter().map(ConvBytes::record).collect();
    let blocks: Vec<_> = blocks.iter().map(BlockBytes::record).collect();
    let blob = Blob {
        arithmetic: ARITHMETIC_INT8,
        header: Header {
            spec: net.config.spec().clone(),
            input: net
                .mean
                .map(|mean| ((255.0 * mean).round_ties_even() - 128.0).clamp(-128.0, 127.0) as i8),
            class_names: &class_names,
        },
        convs: &convs,
        embed: embed.record(),
        position,
        blocks: &blocks,
        end: end.record(),
        heads: &[HeadRecord { kind: HEAD_CLASS, body: head }],
    };
    fit(|buffer| runtime::format::write(&blob, buffer))
}

/// All names, separated by line breaks.
fn class_names(net: &FloatNet) -> Result<String> {
    ensure!(
        net.classes.iter().all(|name| !name.is_empty() && !name.contains('\n')),
        "a class name is empty or holds a line break: rename the class and train again"
    );
    Ok(net.classes.join("\n"))
}

/// Calls `write` with larger and larger buffers until what it writes fits.
fn fit(write: impl Fn(&mut [u8]) -> Result<usize, WriteError>) -> Result<Vec<u8>> {
    let mut len = 1 << 16;
    while len <= 1 << 31 {
        let mut buffer = vec![0; len];
        if let Ok(used) = write(&mut buffer) {
            buffer.truncate(used);
            return Ok(buffer);
        }
        len *= 2;
    }
    Err(anyhow!("the blob is larger than 2 GiB"))
}
