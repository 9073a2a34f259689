//! The file with the fingerprints of the known pictures.

use anyhow::{Result, anyhow};
use pictures::shown_path;
use runtime::FormatError;
use runtime::search::Index;
use std::path::Path;

/// The command that writes an index.
const MADE_BY: &str =
    "`cargo run -p export -- index described.bin PICTURES index.bin` writes an index";

/// The bytes of an index.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| anyhow!("{}: {error}; {MADE_BY}", shown_path(path)))
}

/// Parses the bytes of an index.
pub(super) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<Index<'a>> {
    Index::parse(bytes).map_err(|error| {
        let path = shown_path(path);
        match error {
            FormatError::Magic { .. } => {
                anyhow!("{path} is no index: give the blob, the index, then the picture; {MADE_BY}")
            }
            FormatError::Version { .. } => {
                anyhow!("{path}: {error}; use a newer version of this program")
            }
            _ => anyhow!("{path}: {error}; copy it again, or make it again"),
        }
    })
}
