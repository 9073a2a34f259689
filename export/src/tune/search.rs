//! Finds ranges by trial. A range is widened or narrowed as long as this brings the integer network closer
//! to the float network.

use crate::assemble::assemble;
use crate::calibrate::Ranges;
use crate::float::FloatModel;
use crate::verify::Reference;
use anyhow::Result;
use runtime::site::{BlockSite, SiteId};
use trainer::data::Images;

/// Images that every trial runs on.
const IMAGES: usize = 48;
/// A range is multiplied by one of these as long as that helps.
const FACTORS: [f64; 2] = [0.85, 1.15];
/// Largest number of changes of one range in one direction.
const MOVES: usize = 3;
/// Share of the error that a change must remove. A smaller share may be chance.
const WORTHWHILE: f64 = 0.002;

/// Tries the ranges of all sites in the order of the pass, so that each block is fitted to the output of
/// the blocks before it. `progress` counts the sites of `ranges`.
///
/// # Errors
/// If the network cannot be quantized or the images do not fit it.
pub(super) fn search(
    ranges: &mut Ranges,
    model: &FloatModel,
    images: &Images,
    progress: impl Fn(usize),
) -> Result<()> {
    let net = model.weights()?;
    let depth = net.config.depth();
    let sites: Vec<SiteId> = ranges.sites().map(|(site, ..)| site).collect();
    let images = images.take(IMAGES);
    let targets: Vec<SiteId> = sites.iter().filter_map(|&site| target(site, depth)).collect();
    let reference = Reference::new(model, &images, &targets)?;
    for site in sites {
        if let Some(target) = target(site, depth) {
            let error = |ranges: &Ranges| reference.error(&assemble(&net, ranges)?, target);
            improve(ranges, site, error)?;
        }
        progress(1);
    }
    Ok(())
}

/// Changes one range for as long as that makes the error smaller: in the first direction that helps.
fn improve(
    ranges: &mut Ranges,
    site: SiteId,
    error: impl Fn(&Ranges) -> Result<f64>,
) -> Result<()> {
    let mut smallest = error(ranges)?;
    for factor in FACTORS {
        let mut moves = 0;
        while moves < MOVES {
            let mut trial = ranges.clone();
            let Some(range) = trial.stored_mut(site) else { return Ok(()) };
            *range = range.scaled(factor);
            let found = error(&trial)?;
            if found >= smallest * (1.0 - WORTHWHILE) {
                break;
            }
            (*ranges, smallest) = (trial, found);
            moves += 1;
        }
        // The other direction would undo these changes.
        if moves > 0 {
            break;
        }
    }
    Ok(())
}

/// The site at which the error of `site` is measured: the output of its block. None for sites whose
/// scale does not follow from their own range.
fn target(site: SiteId, depth: usize) -> Option<SiteId> {
    let output = |block| SiteId::Block { block, at: BlockSite::Output };
    match site {
        SiteId::Input
        | SiteId::Embed
        | SiteId::Logits
        | SiteId::Block { at: BlockSite::Attention | BlockSite::Output, .. } => None,
        SiteId::Stem { .. } => Some(SiteId::Embed),
        SiteId::Block { block, .. } => Some(output(block)),
        SiteId::Norm | SiteId::Pool | SiteId::HeadHidden(_) | SiteId::HeadGelu(_) => {
            (depth > 0).then_some(SiteId::Logits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_judged_where_their_block_ends() {
        let block = |at| SiteId::Block { block: 2, at };
        let output = Some(block(BlockSite::Output));
        assert_eq!(target(block(BlockSite::Query), 4), output, "inside a block");
        assert_eq!(target(block(BlockSite::Output), 4), None, "the stream has one scale");
        assert_eq!(target(SiteId::Norm, 4), Some(SiteId::Logits), "after the blocks");
    }
}
