//! Blobs that a command reads.

use anyhow::{Context, Result};
use export::blob::AnyModel;
use std::path::Path;

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
