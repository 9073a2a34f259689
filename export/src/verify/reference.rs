//! Compares the integer network with the float network, site by site.

use crate::assemble::Quantized;
use crate::float::FloatModel;
use crate::float::{FloatNet, Scaling};
use crate::quantize::Affine;
use anyhow::{Context, Result, anyhow};
use runtime::Model;
use runtime::site::{BlockSite, SiteId, SiteValues};
use std::collections::BTreeMap;
use trainer::data::Images;
use trainer::quantize::Pixels;

/// The values of the float network for some images at some sites.
pub struct Reference {
    net: FloatNet,
    images: Images,
    /// For each site, image after image.
    values: BTreeMap<SiteId, Vec<f32>>,
}

/// Sums over the values of a site.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SiteError {
    /// Squares of the float values.
    pub signal: f64,
    /// Squares of the differences.
    pub noise: f64,
}

impl SiteError {
    /// Signal-to-noise ratio in decibels; infinite without a difference.
    pub fn decibels(self) -> f64 {
        10.0 * (self.signal / self.noise).log10()
    }
}

impl Reference {
    /// Runs the float network on `images` and keeps the values of `sites`.
    ///
    /// # Errors
    /// If the images have another size than the network's input, or a weight is not finite.
    pub fn new(model: &FloatModel, images: &Images, sites: &[SiteId]) -> Result<Self> {
        let mut values = BTreeMap::<SiteId, Vec<f32>>::new();
        let keep = |site, found: &[f32], _| {
            if sites.contains(&site) {
                values.entry(site).or_default().extend_from_slice(found);
            }
        };
        model.observe(images, keep, |_| {})?;
        Ok(Self { net: model.weights()?, images: images.clone(), values })
    }

    /// Mean square of the integer network's error at one site.
    ///
    /// # Errors
    /// If the site was not kept.
    pub fn error(&self, quantized: &Quantized, site: SiteId) -> Result<f64> {
        let errors = self.errors(quantized)?;
        let error = errors.get(&site).with_context(|| format!("nothing was kept of {site}"))?;
        Ok(error.noise / self.values[&site].len().max(1) as f64)
    }

    /// The integer network's errors at all kept sites that it stores.
    ///
    /// # Errors
    /// If the blob does not run on the images.
    pub fn errors(&self, quantized: &Quantized) -> Result<BTreeMap<SiteId, SiteError>> {
        let model = Model::parse(&quantized.blob).map_err(|error| anyhow!("{error}"))?;
        let mut arena = vec![0; model.arena_len_fast()];
        let mut errors = BTreeMap::<SiteId, SiteError>::new();
        for index in 0..self.images.len() {
            let mut compare = |site: SiteId, stored: SiteValues<'_>| {
                let Some(values) = self.values.get(&site) else { return };
                let len = values.len() / self.images.len();
                let reals = reals(&self.net, quantized, site, &stored);
                let error = errors.entry(site).or_default();
                for (real, &float) in reals.iter().zip(&values[index * len..][..len]) {
                    error.signal += f64::from(float).powi(2);
                    error.noise += (real - f64::from(float)).powi(2);
                }
            };
            model.run_observed(self.images.image(index), &mut arena, &mut compare)?;
        }
        Ok(errors)
    }
}

/// The values that the stored integers of a site represent, comparable with those of the float network.
pub fn reals(
    net: &FloatNet,
    quantized: &Quantized,
    site: SiteId,
    stored: &SiteValues<'_>,
) -> Vec<f64> {
    let affine = quantized.sites.get(&site).copied().unwrap_or(Affine::centred(f64::NAN));
    let real: Vec<f64> = stored.integers().map(|q| affine.real(q)).collect();
    match folding(net, site) {
        None => real,
        Some(Scaling { gain, offset }) => {
            let folded = gain.iter().cycle().zip(offset.iter().cycle());
            real.iter().zip(folded).map(|(x, (gain, offset))| x * gain + offset).collect()
        }
    }
}

/// The scaling from the stored values of a site to those of the float network. `None` if no scaling is
/// folded into the layers after the site. Its channels repeat along those of the site.
pub fn folding(net: &FloatNet, site: SiteId) -> Option<Scaling> {
    match site {
        SiteId::Input => Some(Pixels::new(net.normalisation).scaling()),
        SiteId::Block { block, at: BlockSite::Norm1 } => {
            Some(net.blocks[usize::from(block)].norm1.clone())
        }
        SiteId::Block { block, at: BlockSite::Norm2 } => {
            Some(net.blocks[usize::from(block)].norm2.clone())
        }
        _ => None,
    }
}
