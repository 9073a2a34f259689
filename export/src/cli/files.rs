//! Blobs and indexes that a command reads.

use anyhow::{Context, Result};
use export::blob::AnyModel;
use runtime::search::Index;
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

/// The bytes of an index that can be used.
pub(super) fn read_index(path: &Path) -> Result<Vec<u8>> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read {}: give the path of an index", path.display()))?;
    Index::parse(&bytes).with_context(|| {
        format!("{} cannot be used: write it again with `export index`", path.display())
    })?;
    Ok(bytes)
}
