//! The attributes of a blob on labelled images.

use super::evaluate::each;
use super::truth::{Said, Truth};
use crate::blob::AnyModel;
use anyhow::{Result, bail};
use trainer::attributes::Scores;
use trainer::data::Images;

/// Compares the attributes of every image with what is known; `progress` counts images.
///
/// # Errors
/// If the blob has no attributes, or the images have another size than its input.
pub fn attributes(
    model: &AnyModel<'_>,
    images: &Images,
    truth: &Truth,
    progress: impl Fn(usize) + Sync,
) -> Result<Scores> {
    let (AnyModel::Int8(network), Some(head)) = (model, model.attributes()?) else {
        bail!("the blob has no attributes: write it with `export --heads all`");
    };
    let run = |image: &[u8], arena: &mut [u8]| Said::new(&network.run(image, arena)?, Some(&head));
    Ok(truth.scores(each(model, images, run, progress)?.iter()))
}
