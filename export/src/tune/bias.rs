//! Corrects biases: rounding shifts the mean of a channel, and a change of its bias undoes the shift.
//!
//! # Source
//! Nagel et al., *Data-Free Quantization Through Weight Equalization and Bias Correction*, 2019, with
//! the means measured on calibration images.

use crate::assemble::{Quantized, assemble};
use crate::calibrate::Ranges;
use crate::float::FloatModel;
use crate::float::FloatNet;
use crate::quantize::gelu_slope;
use crate::verify::reals;
use anyhow::{Context, Result, anyhow};
use runtime::Model;
use runtime::site::{BlockSite, ConvSite, SiteId};
use std::collections::BTreeMap;
use trainer::data::Images;

/// Number of images for the means. The mean of a channel is over all positions of all images.
const IMAGES: usize = 128;

/// Smallest mean slope of GELU with which a bias before it is corrected. Division by a smaller one would
/// exaggerate the shift.
const MIN_SLOPE: f64 = 0.1;

/// The mean of each channel at each site.
type Means = BTreeMap<SiteId, Vec<f64>>;

/// The means of the float network.
#[derive(Default)]
struct Wanted {
    means: Means,
    /// Mean slope of GELU over the values of each channel.
    slopes: Means,
}

/// Number of steps of [`correct_biases`].
pub(super) fn steps(net: &FloatNet) -> usize {
    layers(net).len()
}

/// Changes the biases of `net`, the weights of `model`, so that its integer form has the means of `model`
/// on `images`. The order is from the first layer to the last. Each step runs the integer network with the
/// biases that are already corrected. `progress` counts the steps.
///
/// # Errors
/// If the network cannot be quantized or the images do not fit it.
pub fn correct_biases(
    model: &FloatModel,
    net: &mut FloatNet,
    ranges: &Ranges,
    images: &Images,
    progress: impl Fn(usize),
) -> Result<()> {
    let images = images.take(IMAGES);
    let wanted = Wanted::of(model, &images)?;
    for layers in layers(net) {
        let quantized = assemble(net, ranges)?;
        let found = integer_means(net, &quantized, &images, &|site| {
            let seen = |&layer| layer == site || gelu_after(layer) == Some(site);
            layers.iter().any(seen).then(|| wanted.means.get(&site).map_or(1, Vec::len))
        })?;
        for site in layers {
            let shift = wanted.shift(&found, site).with_context(|| format!("nothing at {site}"))?;
            let bias = bias_mut(net, site).context("a site without a layer")?;
            bias.iter_mut().zip(shift).for_each(|(bias, shift)| *bias += shift);
        }
        progress(1);
    }
    Ok(())
}

/// The sites after layers with biases, in the order of the pass. Layers that read the same values are one
/// step.
fn layers(net: &FloatNet) -> Vec<Vec<SiteId>> {
    let mut steps: Vec<Vec<SiteId>> = convs(net).into_iter().map(|site| vec![site]).collect();
    steps.push(vec![SiteId::Embed]);
    for (index, block) in (0u8..).zip(&net.blocks) {
        let at = |at| SiteId::Block { block: index, at };
        steps.push([BlockSite::Query, BlockSite::Key, BlockSite::Value].map(at).to_vec());
        let second =
            if net.config.spec().mlp.second_gelu { BlockSite::Mlp2 } else { BlockSite::Output };
        let depthwise = block.depthwise.is_some().then_some(BlockSite::Depthwise);
        let rest = [Some(BlockSite::Attention), Some(BlockSite::Mlp1), depthwise, Some(second)];
        steps.extend(rest.into_iter().flatten().map(|site| vec![at(site)]));
    }
    let hidden = net.head.len().saturating_sub(1);
    steps.extend((0u8..).take(hidden).map(|layer| vec![SiteId::HeadHidden(layer)]));
    steps.push(vec![SiteId::Logits]);
    steps
}

/// The sites after the convolutions of the stem except the last, whose site is [`SiteId::Embed`].
fn convs(net: &FloatNet) -> Vec<SiteId> {
    let mut sites = Vec::new();
    for (stage, geometry) in (0u8..).zip(net.config.stem_stages()) {
        sites.extend(geometry.convs().map(|conv| {
            let at = if conv.skip { ConvSite::Add } else { ConvSite::Linear };
            SiteId::Stem { stage, conv: conv.index, at }
        }));
    }
    sites.truncate(net.convs.len().saturating_sub(1));
    sites
}

/// The bias of the layer whose values a site holds.
fn bias_mut(net: &mut FloatNet, site: SiteId) -> Option<&mut Vec<f64>> {
    let conv = convs(net).iter().position(|&conv| conv == site);
    let layer = match site {
        SiteId::Stem { .. } => net.convs.get_mut(conv?)?,
        SiteId::Embed => net.patch.as_mut().or(net.convs.last_mut())?,
        SiteId::Block { block, at } => {
            let block = net.blocks.get_mut(usize::from(block))?;
            match at {
                BlockSite::Query => &mut block.qkv[0],
                BlockSite::Key => &mut block.qkv[1],
                BlockSite::Value => &mut block.qkv[2],
                BlockSite::Attention => &mut block.project,
                BlockSite::Mlp1 => &mut block.mlp1,
                BlockSite::Depthwise => block.depthwise.as_mut()?,
                BlockSite::Mlp2 | BlockSite::Output => &mut block.mlp2,
                BlockSite::Norm1 | BlockSite::Norm2 | BlockSite::Context | BlockSite::Gelu => {
                    return None;
                }
            }
        }
        SiteId::HeadHidden(layer) => net.head.get_mut(usize::from(layer))?,
        SiteId::Logits => net.head.last_mut()?,
        SiteId::Input | SiteId::Norm | SiteId::Pool | SiteId::HeadGelu(_) => return None,
    };
    Some(&mut layer.bias)
}

impl Wanted {
    fn of(model: &FloatModel, images: &Images) -> Result<Self> {
        let mut wanted = Self::default();
        let mut rows = BTreeMap::<SiteId, usize>::new();
        let add = |site, values: &[f32], channels: usize| {
            let sums = wanted.means.entry(site).or_insert_with(|| vec![0.0; channels]);
            let slopes = wanted.slopes.entry(site).or_insert_with(|| vec![0.0; channels]);
            for row in values.chunks_exact(channels.max(1)) {
                for ((&value, sum), slope) in row.iter().zip(&mut *sums).zip(&mut *slopes) {
                    *sum += f64::from(value);
                    *slope += gelu_slope(f64::from(value));
                }
            }
            *rows.entry(site).or_default() += values.len() / channels.max(1);
        };
        model.observe(images, add, |_| {})?;
        for (site, sums) in wanted.means.iter_mut().chain(&mut wanted.slopes) {
            let rows = rows.get(site).copied().unwrap_or(1) as f64;
            sums.iter_mut().for_each(|sum| *sum /= rows);
        }
        Ok(wanted)
    }

    /// The values to add to the biases of the layer at `site`. If GELU follows directly, integers are
    /// stored only after it. Then the shift after GELU is divided by its mean slope.
    fn shift(&self, found: &Means, site: SiteId) -> Option<Vec<f64>> {
        let difference = |site| {
            let (wanted, found) = (self.means.get(&site)?, found.get(&site)?);
            Some(wanted.iter().zip(found).map(|(wanted, found)| wanted - found))
        };
        if let Some(shift) = difference(site) {
            return Some(shift.collect());
        }
        let behind = difference(gelu_after(site)?)?.zip(self.slopes.get(&site)?);
        let back = |(shift, &slope): (f64, &f64)| {
            if slope < MIN_SLOPE { 0.0 } else { shift / slope }
        };
        Some(behind.map(back).collect())
    }
}

/// The site after the GELU that follows a layer.
fn gelu_after(site: SiteId) -> Option<SiteId> {
    match site {
        SiteId::Stem { stage, conv, at: ConvSite::Linear } => {
            Some(SiteId::Stem { stage, conv, at: ConvSite::Gelu })
        }
        SiteId::Block { block, at: BlockSite::Mlp1 | BlockSite::Depthwise } => {
            Some(SiteId::Block { block, at: BlockSite::Gelu })
        }
        SiteId::HeadHidden(layer) => Some(SiteId::HeadGelu(layer)),
        _ => None,
    }
}

/// The means of the integer network. `channels` gives the number of channels of each wanted site, and
/// `None` for all others.
fn integer_means(
    net: &FloatNet,
    quantized: &Quantized,
    images: &Images,
    channels: &impl Fn(SiteId) -> Option<usize>,
) -> Result<Means> {
    let model = Model::parse(&quantized.blob).map_err(|error| anyhow!("{error}"))?;
    let mut arena = vec![0; model.arena_len_fast()];
    let mut means = Means::new();
    for index in 0..images.len() {
        model.run_observed(images.image(index), &mut arena, &mut |site, stored| {
            let Some(channels) = channels(site) else { return };
            let reals = reals(net, quantized, site, &stored);
            let rows = (reals.len() / channels.max(1)).max(1) * images.len();
            let sums = means.entry(site).or_insert_with(|| vec![0.0; channels]);
            for row in reals.chunks_exact(channels.max(1)) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / rows as f64);
            }
        })?;
    }
    Ok(means)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::Observer;
    use runtime::config::Preset;
    use trainer::checkpoint::Checkpoint;
    use trainer::data::{self, DataSource, Normalisation};
    use trainer::model::{DropoutRates, Vit};

    fn network(preset: Preset) -> FloatModel {
        let config = preset.config(10).unwrap();
        FloatModel::new(Checkpoint {
            preset: preset.name().to_owned(),
            model: Vit::new(&config, DropoutRates::default(), 1, &Default::default()),
            config,
            classes: data::embedded().unwrap().classes,
            normalisation: Normalisation::CIFAR10,
            source: DataSource::Cifar10,
            attributes: None,
        })
    }

    #[test]
    fn every_layer_has_a_step_and_a_bias() {
        for preset in [Preset::Compact, Preset::Nano, Preset::Vit64x4] {
            let mut net = network(preset).weights().unwrap();
            let sites: Vec<SiteId> = layers(&net).into_iter().flatten().collect();
            let blocks = net.blocks.iter().map(|block| 6 + usize::from(block.depthwise.is_some()));
            let stem = net.convs.len() + usize::from(net.patch.is_some());
            let expected = stem + blocks.sum::<usize>() + net.head.len();
            assert_eq!(sites.len(), expected, "{}", preset.name());
            for (number, &site) in sites.iter().enumerate() {
                let bias = bias_mut(&mut net, site).unwrap_or_else(|| panic!("{site}"));
                assert!(bias[0].fract() == 0.0 || number == 0, "{site} shares its bias");
                bias[0] = number as f64 + 0.5;
            }
        }
    }

    #[test]
    fn means_come_closer_on_the_images_they_were_taken_from() {
        let model = network(Preset::Nano);
        let images = data::embedded().unwrap().train.take(32);
        // Ranges too narrow for a third of the values shift every mean.
        let mut ranges = Ranges::observe(&model, &images, Observer::MinMax, |_| {}).unwrap();
        let sites: Vec<SiteId> = ranges.sites().map(|(site, ..)| site).collect();
        for site in sites.into_iter().filter(|site| matches!(site, SiteId::Stem { .. })) {
            if let Some(range) = ranges.stored_mut(site) {
                *range = range.scaled(0.3);
            }
        }
        let wanted = Wanted::of(&model, &images).unwrap();
        let shift = |net: &FloatNet| -> f64 {
            let quantized = assemble(net, &ranges).unwrap();
            let found = integer_means(net, &quantized, &images, &|site| {
                (site == SiteId::Embed).then(|| wanted.means[&site].len())
            });
            let shift = wanted.shift(&found.unwrap(), SiteId::Embed).unwrap();
            shift.iter().map(|shift| shift * shift).sum()
        };
        let mut net = model.weights().unwrap();
        let before = shift(&net);
        correct_biases(&model, &mut net, &ranges, &images, |_| {}).unwrap();
        let after = shift(&net);
        assert!(after < 0.05 * before, "{after} after {before}");
    }
}
