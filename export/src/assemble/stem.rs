//! Stem convolutions and the layer that makes tokens.

use super::{Assembler, ConvBytes, LinearBytes, Stored};
use crate::float::FloatLinear;
use crate::quantize::{Affine, QuantLinear, finest_output_scale, multiplier};
use anyhow::{Context, Result};
use runtime::config::{ConvKind, StemConv, StemGeometry};
use runtime::fixed::Requant;
use runtime::site::{ConvSite, SiteId};

/// The stem but for its last layer.
pub(super) struct StemBytes {
    pub(super) convs: Vec<ConvBytes>,
    /// The layer that makes tokens.
    pub(super) last: FloatLinear,
    /// What that layer reads.
    pub(super) input: Affine,
}

/// The image: `q = u8 − 128` with the pixel normalisation folded into the first layer.
const IMAGE: Affine = Affine::centred(1.0);

impl Assembler<'_> {
    /// Quantizes all of the stem but its last layer, whose scale is the residual stream's.
    pub(super) fn stem(&mut self) -> Result<StemBytes> {
        let (gain, offset) = self.net.pixel_normalisation();
        self.sites.insert(SiteId::Input, IMAGE);
        if let Some(patch) = &self.net.patch {
            let last = patch.clone().scale_inputs(&gain, &offset);
            return Ok(StemBytes { convs: Vec::new(), last, input: IMAGE });
        }
        let mut layers = self.net.convs.iter().cloned();
        let first = layers.next().context("a convolution stem without convolutions")?;
        let mut layers =
            std::iter::once(first.scale_inputs(&gain, &offset)).chain(layers).collect::<Vec<_>>();
        let last = layers.pop().context("a convolution stem without convolutions")?;
        let stages = self.net.config.stem_stages().collect::<Vec<_>>();
        let mut run = Run { layers: layers.into_iter(), convs: Vec::new(), input: IMAGE };
        for (stage, geometry) in stages.iter().enumerate().take(stages.len() - 1) {
            run.stage(self, u8::try_from(stage)?, geometry)?;
        }
        Ok(StemBytes { convs: run.convs, last, input: run.input })
    }

    /// The layer that makes tokens, at the residual stream's scale.
    pub(super) fn embed(&mut self, stem: &StemBytes) -> LinearBytes {
        self.sites.insert(SiteId::Embed, Affine::centred(self.residual));
        LinearBytes::new(&QuantLinear::new(&stem.last, stem.input, |_| self.residual))
    }
}

/// Stages of a stem being quantized.
struct Run<L> {
    layers: L,
    convs: Vec<ConvBytes>,
    /// What the next convolution reads.
    input: Affine,
}

impl<L: Iterator<Item = FloatLinear>> Run<L> {
    fn stage(
        &mut self,
        assembler: &mut Assembler<'_>,
        stage: u8,
        geometry: &StemGeometry,
    ) -> Result<()> {
        let before = self.input;
        for conv in geometry.convs() {
            if conv.skip {
                self.add(assembler, (stage, conv.index), before)?;
            } else {
                self.conv(assembler, stage, &conv)?;
            }
        }
        Ok(())
    }

    /// A convolution, perhaps with GELU.
    fn conv(&mut self, assembler: &mut Assembler<'_>, stage: u8, conv: &StemConv) -> Result<()> {
        let layer = self.layers.next().context("the stem has fewer convolutions than stages")?;
        let site = |at| SiteId::Stem { stage, conv: conv.index, at };
        let floor = finest_output_scale(&layer, self.input);
        let after = conv.gelu.then(|| site(ConvSite::Gelu));
        let stored = assembler.activation(site(ConvSite::Linear), after, floor)?;
        let quantized = QuantLinear::new(&layer, self.input, |_| stored.before.scale);
        let quantized = match conv.kind {
            ConvKind::Depthwise => quantized.tap_major(),
            ConvKind::Full | ConvKind::Pointwise => quantized,
        };
        self.convs.push(ConvBytes {
            linear: LinearBytes::new(&quantized),
            activation: stored.bytes(),
            skip: None,
        });
        self.input = stored.output();
        Ok(())
    }

    /// The last convolution of a residual stage, with the stage's input added.
    fn add(
        &mut self,
        assembler: &mut Assembler<'_>,
        (stage, conv): (u8, u8),
        before: Affine,
    ) -> Result<()> {
        let layer = self.layers.next().context("the stem has fewer convolutions than stages")?;
        // The skip's factor is s_x / (256 · s_o), which must stay below one half too.
        let floor = finest_output_scale(&layer, self.input).max(before.scale / 127.0);
        let site = SiteId::Stem { stage, conv, at: ConvSite::Add };
        let sum = assembler.site(site, floor)?;
        let quantized = QuantLinear::new(&layer, self.input, |_| sum.scale);
        let factor = before.scale / (256.0 * sum.scale);
        let skip = multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
        self.convs.push(ConvBytes {
            linear: LinearBytes::new(&quantized),
            activation: Stored { before: sum, after: None }.bytes(),
            skip: Some(skip.into()),
        });
        self.input = sum;
        Ok(())
    }
}
