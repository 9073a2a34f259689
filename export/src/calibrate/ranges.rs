//! Ranges of every site over the calibration images.

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
    sites: BTreeMap<SiteId, Seen>,
    /// Rows of the residual stream, normalised without gain and bias, by the normalisation's site.
    normalised: BTreeMap<SiteId, Seen>,
}

/// What was seen at a site, and the range that its integers are to cover.
#[derive(Clone, Debug)]
struct Seen {
    values: Histogram,
    range: Range,
}

impl Ranges {
    /// Observes the float network on `images` twice: first the ends of each range, then how often values
    /// between them occur. `progress` counts the images of both passes.
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
        let (mut ends, mut normalised_ends) = (BTreeMap::new(), BTreeMap::new());
        visit(model, images, &progress, |site, normalised, values| {
            let ends = if normalised { &mut normalised_ends } else { &mut ends };
            ends.entry(site).or_insert(Range::ZERO).observe(values);
        })?;
        let open = |ends: BTreeMap<SiteId, Range>| -> BTreeMap<SiteId, Histogram> {
            ends.into_iter().map(|(site, range)| (site, Histogram::new(range))).collect()
        };
        let (mut sites, mut normalised_sites) = (open(ends), open(normalised_ends));
        visit(model, images, &progress, |site, normalised, values| {
            let sites = if normalised { &mut normalised_sites } else { &mut sites };
            if let Some(histogram) = sites.get_mut(&site) {
                histogram.observe(values);
            }
        })?;
        let choose = |sites: BTreeMap<SiteId, Histogram>| {
            let seen = |values: Histogram| Seen { range: observer.choose(&values), values };
            sites.into_iter().map(|(site, values)| (site, seen(values))).collect()
        };
        Ok(Self { sites: choose(sites), normalised: choose(normalised_sites) })
    }

    /// Images that [`Self::observe`] counts.
    pub fn passes(images: &Images) -> usize {
        2 * images.len()
    }

    /// The range that a site's integers are to cover.
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

    /// The range of the residual stream in the whole network. Nothing is cut off, because sixteen bits
    /// have room.
    pub fn residual(&self) -> Range {
        let stream = self.sites.iter().filter(|(site, _)| is_stream(**site));
        stream.fold(Range::ZERO, |all, (_, seen)| all.join(seen.values.range()))
    }

    /// The values seen at each site with the range that its integers cover, in the order of the pass.
    /// For a block's normalisations they are the values before gain and bias, because these are stored.
    pub fn sites(&self) -> impl Iterator<Item = (SiteId, &Histogram, Range)> {
        self.sites.iter().map(|(site, seen)| {
            let stored = self.normalised.get(site).unwrap_or(seen);
            let whole = is_stream(*site) || matches!(site, SiteId::Input | SiteId::Logits);
            let range = if whole { stored.values.range() } else { stored.range };
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

    /// The range that decides how a site is stored; none if the site was not observed.
    pub fn stored_mut(&mut self, site: SiteId) -> Option<&mut Range> {
        let seen = match self.normalised.get_mut(&site) {
            Some(seen) => Some(seen),
            None => self.sites.get_mut(&site),
        };
        seen.map(|seen| &mut seen.range)
    }
}

/// Calls `show` with the values of every site. Rows of the residual stream come a second time, as the
/// normalisation that reads them normalises them, under that normalisation's site and marked `true`.
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

fn find(seen: &BTreeMap<SiteId, Seen>, site: SiteId) -> Result<Range> {
    let Some(range) = seen.get(&site).map(|seen| seen.range) else {
        anyhow::bail!("the float pass reported nothing at {site}");
    };
    ensure!(
        range.min.is_finite() && range.max.is_finite(),
        "the float pass overflows at {site}: the network's training diverged, train it again"
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
    let gain = 1.0 / (variance + LAYER_NORM_EPSILON).sqrt();
    row.iter().map(move |&x| ((f64::from(x) - mean) * gain) as f32)
}
