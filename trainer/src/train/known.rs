//! Records of trained networks that a run builds on.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::backend::Backend;

use super::Run;
use crate::record::{self, Checkpoint};

/// Reads a network for `run`, which it is to be the `role` of.
///
/// # Errors
/// If the record cannot be read, or its network takes other images or tells other classes apart than
/// the run's.
pub(super) fn load<B: Backend>(
    path: &Path,
    role: &str,
    run: &Run<'_>,
    device: &B::Device,
) -> Result<Checkpoint<B>> {
    let context = || format!("{} cannot be the {role}", path.display());
    let checkpoint = record::load::<B>(path, device).with_context(context)?;
    check(&checkpoint, run).with_context(context)?;
    Ok(checkpoint)
}

fn check<B: Backend>(checkpoint: &Checkpoint<B>, run: &Run<'_>) -> Result<()> {
    ensure!(
        checkpoint.config.image() == run.config.image(),
        "it takes images of another size: train it on the same images"
    );
    ensure!(
        checkpoint.classes == run.dataset.classes,
        "it tells other classes apart: train it on the same images"
    );
    ensure!(
        checkpoint.normalisation == run.recipe.normalisation,
        "it normalises pixels in another way: train it by a recipe that normalises alike"
    );
    Ok(())
}
