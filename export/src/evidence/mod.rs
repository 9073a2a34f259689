//! Measures where the evidence of a blob lies: on the right one of four images, and on the tokens that are
//! needed to recognize an image.

mod attributes;
mod blanking;
mod boxes;
mod control;
mod fill;
mod maps;
mod masked;
mod pointing;

pub use attributes::AttributePointing;
pub use blanking::{Blanked, Left, Precision, blanking};
pub use control::Control;
pub use fill::Fill;
pub use maps::MapKind;
pub use pointing::Grids;

use anyhow::{Context, Result};
use rayon::prelude::*;
use runtime::Model;
use runtime::config::Grid;
use trainer::data::Images;

/// The grid of a model's tokens.
///
/// # Errors
/// If its tokens form no grid, or it has no evidence.
pub fn token_grid(model: &Model<'_>) -> Result<Grid> {
    let config = model.config();
    let image = vec![0; config.image().len()];
    maps::evidence(model, &image, &mut vec![0; model.arena_len_fast()], None)?;
    config.token_grid().context("the tokens form no grid: there is no map of the image")
}

/// The images that are classified as labelled, the most certain first; `progress` counts images.
///
/// # Errors
/// If the images have another size than the model's.
pub fn recognized(
    model: &Model<'_>,
    images: &Images,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<usize>> {
    let certainty = (0..images.len()).into_par_iter().map_init(
        || vec![0; model.arena_len_fast()],
        |arena, index| {
            let output = model.run(images.image(index), arena)?;
            progress(1);
            let best = output.top_k::<1>().first().copied();
            let right = best.filter(|best| best.class == usize::from(images.label(index)));
            Ok(right.map(|best| (best.probability, index)))
        },
    );
    let mut found: Vec<_> = certainty.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    found.sort_by_key(|&(probability, index)| (std::cmp::Reverse(probability), index));
    Ok(found.into_iter().map(|(_, index)| index).collect())
}
