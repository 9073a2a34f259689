//! The file that an example writes.

use anyhow::{Result, anyhow, ensure};
use pictures::shown_path;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Refuses a file that exists, unless it may be replaced.
pub(super) fn refuse(path: &Path, overwrite: bool) -> Result<()> {
    ensure!(
        overwrite || !path.exists(),
        "{} exists: give another name with --out, or --overwrite",
        shown_path(path)
    );
    Ok(())
}

/// Whether two paths lead to one file.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes a file.
pub(super) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).truncate(overwrite).create(overwrite).create_new(!overwrite);
    let written = options.open(path).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("{}: its folder does not exist", shown_path(path)),
        _ => anyhow!("{}: {error}", shown_path(path)),
    })
}
