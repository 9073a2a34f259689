//! The range of the values at each site, observed on the calibration images.

use super::histogram::Histogram;
use super::observer::Observer;
use crate::float::FloatModel;
use anyhow::{Result, ensure};
use runtime::site::{BlockSite, SiteId};
use std::collections::BTreeMap;
use trainer::data::Images;
use trainer::model::LAYER_NORM_EPSILON;
use trainer::quantize::{Range, is_stream};

/// Ranges of all sites.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    sites: BTreeMap<SiteId, Observed>,
    /// For the site of each block normalisation: its values before gain and bias.
    normalised: BTreeMap<SiteId, Observed>,
}

/// The values at a site, and the range that its integers represent.
#[derive(Clone, Debug)]
struct Observed {
    values: Histogram,
    range: Range,
}

impl Ranges {
    /// Runs the float network on `images` twice. The first pass finds the minimum and the maximum at each
    /// site. The second pass fills a histogram between them. `progress` receives the number of images since
    /// the last call, in both passes.
    ///
    /// # Errors
    /// If there is no image, or the images have another size than the network's input.
    pub fn observe(
        model: &FloatModel,
        images: &Images,
        observer: Observer,
        progress: impl Fn(usize),
    ) -> Result<Self> {
        ensure!(!images.is_empty(), "calibration needs at least one image");
        let (mut extremes, mut normalised_extremes) = (BTreeMap::new(), BTreeMap::new());
        visit(model, images, &progress, |site, normalised, values| {
            let extremes = if normalised { &mut normalised_extremes } else { &mut extremes };
            extremes.entry(site).or_insert(Range::ZERO).observe(values);
        })?;
        let histograms = |extremes: BTreeMap<SiteId, Range>| -> BTreeMap<SiteId, Histogram> {
            extremes.into_iter().map(|(site, range)| (site, Histogram::new(range))).collect()
        };
        let (mut sites, mut normalised_sites) =
            (histograms(extremes), histograms(normalised_extremes));
        visit(model, images, &progress, |site, normalised, values| {
            let sites = if normalised { &mut normalised_sites } else { &mut sites };
            if let Some(histogram) = sites.get_mut(&site) {
                histogram.observe(values);
            }
        })?;
        let choose = |sites: BTreeMap<SiteId, Histogram>| {
            let seen = |values: Histogram| Observed { range: observer.choose(&values), values };
            sites.into_iter().map(|(site, values)| (site, seen(values))).collect()
        };
        Ok(Self { sites: choose(sites), normalised: choose(normalised_sites) })
    }

    /// Number of images that [`Self::observe`] reports: each image once in each of its two passes.
    pub fn observations(images: &Images) -> usize {
        2 * images.len()
    }

    /// The range that the integers of a site represent.
    ///
    /// # Errors
    /// If the forward pass did not report the site, or its range is not finite.
    pub fn site(&self, site: SiteId) -> Result<Range> {
        find(&self.sites, site)
    }

    /// The range of a block normalisation's values before gain and bias.
    ///
    /// # Errors
    /// If `site` is not a normalisation of a block, the forward pass did not report its input, or the range
    /// is not finite.
    pub fn normalised(&self, site: SiteId) -> Result<Range> {
        find(&self.normalised, site)
    }

    /// The range of the residual stream over all its sites. No value is cut off, because 16 bits have enough
    /// steps for all values.
    pub fn residual(&self) -> Range {
        let stream = self.sites.iter().filter(|(site, _)| is_stream(**site));
        stream.fold(Range::ZERO, |all, (_, seen)| all.join(seen.values.range()))
    }

    /// Each site with the histogram of its values and the range that its integers represent, in the order of
    /// the forward pass. For a block normalisation these are the values before gain and bias, because the
    /// integers represent those.
    pub fn sites(&self) -> impl Iterator<Item = (SiteId, &Histogram, Range)> {
        self.sites.iter().map(|(site, seen)| {
            let stored = self.normalised.get(site).unwrap_or(seen);
            let uncut = is_stream(*site) || matches!(site, SiteId::Input | SiteId::Logits);
            let range = if uncut { stored.values.range() } else { stored.range };
            (*site, &stored.values, range)
        })
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// The range that decides the scale of a site, to change it. `None` if the site was not observed.
    pub fn stored_mut(&mut self, site: SiteId) -> Option<&mut Range> {
        let seen = match self.normalised.get_mut(&site) {
            Some(seen) => Some(seen),
            None => self.sites.get_mut(&site),
        };
        seen.map(|seen| &mut seen.range)
    }
}

/// Calls `show` with each site, `false` and the values at the site.
///
/// If a block normalisation reads the site, calls `show` again for each row: with the site of the
/// normalisation, `true`, and the row after normalisation without gain and bias.
fn visit(
    model: &FloatModel,
    images: &Images,
    progress: impl Fn(usize),
    mut show: impl FnMut(SiteId, bool, &mut dyn Iterator<Item = f32>),
) -> Result<()> {
    let depth = model.config().depth();
    let mut observer = |site, values: &[f32], channels: usize| {
        show(site, false, &mut values.iter().copied());
        if let Some(norm) = norm_after(site, depth) {
            for row in values.chunks_exact(channels.max(1)) {
                show(norm, true, &mut normalise(row));
            }
        }
    };
    model.observe(images, &mut observer, progress)
}

fn find(seen: &BTreeMap<SiteId, Observed>, site: SiteId) -> Result<Range> {
    let Some(range) = seen.get(&site).map(|seen| seen.range) else {
        anyhow::bail!("the forward pass of the float network reported no values at {site}");
    };
    ensure!(
        range.min.is_finite() && range.max.is_finite(),
        "the values of the float network at {site} are not finite: its training diverged, train it again"
    );
    Ok(range)
}

/// The block normalisation that reads a site of the residual stream. `None` for other sites, and for the
/// last block's output, which the last normalisation reads.
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

/// `(x − mean) / √(variance + eps)` for each value `x` of a row.
fn normalise(row: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let n = row.len() as f64;
    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let gain = 1.0 / (variance + LAYER_NORM_EPSILON).sqrt();
    row.iter().map(move |&x| ((f64::from(x) - mean) * gain) as f32)
}
