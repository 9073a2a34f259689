//! Stem convolutions and the layer that makes tokens.

use super::bytes::{ConvBytes, LinearBytes};
use super::scales::{Assembler, Stored};
use crate::float::Layer;
use crate::quantize::{Affine, QuantLinear, finest_output_scale, multiplier};
use anyhow::{Context, Result};
use runtime::config::{ConvKind, StemConv};
use runtime::fixed::Requant;
use runtime::site::{ConvSite, SiteId};
use trainer::quantize::Pixels;

/// The stem without its last layer.
pub(super) struct StemBytes {
    pub(super) convs: Vec<ConvBytes>,
    /// The layer that makes tokens.
    pub(super) last: Layer,
    /// How the input of that layer is stored.
    pub(super) input: Affine,
}

/// The image: `q = u8 − 128` with the pixel normalisation folded into the first layer.
const IMAGE: Affine = Affine::centred(1.0);

impl Assembler<'_> {
    /// Quantizes the stem without its last layer, which has the scale of the residual stream.
    pub(super) fn stem(&mut self) -> Result<StemBytes> {
        let pixels = Pixels::new(self.net.normalisation).scaling();
        self.sites.insert(SiteId::Input, IMAGE);
        if let Some(patch) = &self.net.patch {
            let last = patch.clone().fold_inputs(&pixels);
            return Ok(StemBytes { convs: Vec::new(), last, input: IMAGE });
        }
        let mut layers = self.net.convs.iter().cloned();
        let first =
            layers.next().context("the stem consists of convolutions, but the network has none")?;
        let mut layers =
            std::iter::once(first.fold_inputs(&pixels)).chain(layers).collect::<Vec<_>>();
        let last =
            layers.pop().context("the stem consists of convolutions, but the network has none")?;
        let stages = self.net.config.stem_stages().collect::<Vec<_>>();
        let mut run = Run { layers: layers.into_iter(), convs: Vec::new(), input: IMAGE };
        for (stage, geometry) in stages.iter().enumerate().take(stages.len() - 1) {
            let stage_input = run.input;
            for conv in geometry.convs() {
                run.conv(self, u8::try_from(stage)?, conv, stage_input)?;
            }
        }
        Ok(StemBytes { convs: run.convs, last, input: run.input })
    }

    /// The layer that makes tokens, at the residual stream's scale.
    pub(super) fn embed(&mut self, stem: &StemBytes) -> LinearBytes {
        self.sites.insert(SiteId::Embed, Affine::centred(self.residual));
        LinearBytes::new(&QuantLinear::new(&stem.last, stem.input, |_| self.residual))
    }
}

/// The stages of a stem while they are quantized.
struct Run<L> {
    layers: L,
    convs: Vec<ConvBytes>,
    /// How the input of the next convolution is stored.
    input: Affine,
}

impl<L: Iterator<Item = Layer>> Run<L> {
    /// Quantizes one convolution. `stage_input` is how the input of its stage is stored.
    fn conv(
        &mut self,
        assembler: &mut Assembler<'_>,
        stage: u8,
        conv: StemConv,
        stage_input: Affine,
    ) -> Result<()> {
        let layer = self.layers.next().context("the stem has fewer convolutions than stages")?;
        let site = |at| SiteId::Stem { stage, conv: conv.index, at };
        let floor = finest_output_scale(&layer, self.input);
        let (stored, skip) = if conv.skip {
            // The skip's factor is s_x / (256 · s_o), which must stay below one half too.
            let floor = floor.max(stage_input.scale / 127.0);
            let sum = assembler.site(site(ConvSite::Add), floor)?;
            let factor = stage_input.scale / (256.0 * sum.scale);
            let skip = multiplier(factor, Requant::MIN_SHIFT, Requant::MAX_SHIFT);
            (Stored { before: sum, after: None }, Some(skip.into()))
        } else {
            let after = conv.gelu.then(|| site(ConvSite::Gelu));
            (assembler.activation(site(ConvSite::Linear), after, floor)?, None)
        };
        let quantized = QuantLinear::new(&layer, self.input, |_| stored.before.scale);
        let quantized = match conv.kind {
            ConvKind::Depthwise => quantized.tap_major(),
            ConvKind::Full | ConvKind::Pointwise => quantized,
        };
        let linear = LinearBytes::new(&quantized);
        self.convs.push(ConvBytes { linear, activation: stored.bytes(), skip });
        self.input = stored.output();
        Ok(())
    }
}
