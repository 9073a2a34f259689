//! Checkpoints of trained networks that a run learns from.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::backend::Backend;

use super::run::Run;
use crate::checkpoint::{self, Checkpoint};

/// Reads the checkpoint that is the `role` of `run`, such as its teacher.
///
/// # Errors
/// If the checkpoint cannot be read, or its network has another image size, other classes or another
/// normalisation than the run.
pub(super) fn load<B: Backend>(
    path: &Path,
    role: &str,
    run: &Run<'_>,
    device: &B::Device,
) -> Result<Checkpoint<B>> {
    let context = || format!("{} cannot be used as the {role}", path.display());
    let checkpoint = checkpoint::load::<B>(path, device).with_context(context)?;
    check(&checkpoint, run).with_context(context)?;
    Ok(checkpoint)
}

fn check<B: Backend>(checkpoint: &Checkpoint<B>, run: &Run<'_>) -> Result<()> {
    ensure!(
        checkpoint.config.image() == run.config.image(),
        "it takes images of another size: train it on the same data"
    );
    ensure!(
        checkpoint.classes == run.dataset.classes,
        "it has other classes: train it on the same data"
    );
    ensure!(
        checkpoint.normalisation == run.recipe.normalisation,
        "it normalises pixels differently: train it with a recipe that has the same normalisation"
    );
    Ok(())
}
