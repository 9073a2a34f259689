//! Files that a command reads: a network with its weights, or a blob.

use anyhow::{Context, Result, ensure};
use export::blob::AnyModel;
use export::float::FloatModel;
use runtime::config::Preset;
use std::path::Path;
use trainer::import::{self, Options};

/// A checkpoint, or PyTorch weights of the shape `preset` or of the one that their file describes.
pub(super) fn float_model(checkpoint: &Path, preset: Option<Preset>) -> Result<FloatModel> {
    if checkpoint.extension().is_some_and(|extension| extension == "safetensors") {
        let options = Options { preset, ..Options::default() };
        return import::load(checkpoint, &options, &Default::default()).map(FloatModel::new);
    }
    ensure!(
        preset.is_none(),
        "{} is a checkpoint, which holds its own shape: leave --preset out",
        checkpoint.display()
    );
    FloatModel::load(checkpoint)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .with_context(|| format!("cannot read {}: give the path of a blob", path.display()))
}

pub(super) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<AnyModel<'a>> {
    AnyModel::parse(bytes).with_context(|| {
        format!(
            "{} cannot be used: write it again with `export best.mpk model.bin`",
            path.display()
        )
    })
}
