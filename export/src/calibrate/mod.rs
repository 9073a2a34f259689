//! Ranges of every site over the calibration images.

mod observer;

pub use observer::Range;

use crate::record::FloatModel;
use anyhow::{Result, ensure};
use runtime::site::{BlockSite, SiteId};
use std::collections::BTreeMap;
use trainer::data::Images;

/// Epsilon of every layer normalisation of the family.
pub const LAYER_NORM_EPS: f64 = 1e-6;

/// Ranges of all sites.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    sites: BTreeMap<SiteId, Range>,
    /// Rows of the residual stream, normalised without gain and bias, by the normalisation's site.
    normalised: BTreeMap<SiteId, Range>,
}

impl Ranges {
    /// Observes the float network on `images`; `progress` counts images.
    ///
    /// # Errors
    /// If there is no image, or the images have another size than the network's input.
    pub fn observe(model: &FloatModel, images: &Images, progress: impl Fn(usize)) -> Result<Self> {
        ensure!(!images.is_empty(), "calibration needs at least one image");
        let mut ranges = Self::default();
        let depth = model.config().depth();
        model.observe(
            images,
            |site, values, channels| {
                ranges.sites.entry(site).or_insert(Range::ZERO).observe(values.iter().copied());
                if let Some(norm) = norm_after(site, depth) {
                    let range = ranges.normalised.entry(norm).or_insert(Range::ZERO);
                    for row in values.chunks_exact(channels.max(1)) {
                        range.observe(normalise(row));
                    }
                }
            },
            progress,
        )?;
        Ok(ranges)
    }

    /// The range of a site's values.
    ///
    /// # Errors
    /// If the forward pass did not report the site.
    pub fn site(&self, site: SiteId) -> Result<Range> {
        find(&self.sites, site)
    }

    /// The range of a block normalisation's values before gain and bias.
    ///
    /// # Errors
    /// If `site` is no normalisation of a block, or the pass did not report its input.
    pub fn normalised(&self, site: SiteId) -> Result<Range> {
        find(&self.normalised, site)
    }

    /// The range of the residual stream in the whole network.
    pub fn residual(&self) -> Range {
        let stream = self.sites.iter().filter(|(site, _)| {
            matches!(
                site,
                SiteId::Embed | SiteId::Block { at: BlockSite::Attention | BlockSite::Output, .. }
            )
        });
        stream.fold(Range::ZERO, |all, (_, &range)| all.join(range))
    }
}

fn find(ranges: &BTreeMap<SiteId, Range>, site: SiteId) -> Result<Range> {
    let Some(&range) = ranges.get(&site) else {
        anyhow::bail!("the float pass reported nothing at {site}");
    };
    ensure!(
        range.min.is_finite() && range.max.is_finite(),
        "the float pass overflows at {site}: the record's training diverged, train it again"
    );
    Ok(range)
}

/// The block normalisation that reads a site of the residual stream.
fn norm_after(site: SiteId, depth: usize) -> Option<SiteId> {
    match site {
        SiteId::Embed => Some(SiteId::Block { block: 0, at: BlockSite::Norm1 }),
        SiteId::Block { block, at: BlockSite::Attention } => {
            Some(SiteId::Block { block, at: BlockSite::Norm2 })
        }
        SiteId::Block { block, at: BlockSite::Output } if usize::from(block) + 1 < depth => {
            Some(SiteId::Block { block: block + 1, at: BlockSite::Norm1 })
        }
        _ => None,
    }
}

/// `(x − mean) / √(variance + eps)` of one row.
fn normalise(row: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let n = row.len() as f64;
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let gain = 1.0 / (variance + LAYER_NORM_EPS).sqrt();
    row.iter().map(move |&x| ((f64::from(x) - mean) * gain) as f32)
}
