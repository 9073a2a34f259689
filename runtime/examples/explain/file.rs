//! The file that an example writes.

use anyhow::{Result, anyhow, ensure};
use pictures::shown_path;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Refuses a file that exists, unless it may be replaced.
pub(super) fn refuse(path: &Path, overwrite: bool) -> Result<()> {
    ensure!(
        overwrite || !path.exists(),
        "{} exists: give another name with --out, or --overwrite",
        shown_path(path)
    );
    ensure!(
        !path.exists() || path.is_file(),
        "{} is not an ordinary file: give another name with --out",
        shown_path(path)
    );
    Ok(())
}

/// Whether two paths lead to one file.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Writes a file, complete or not at all.
pub(super) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = temporary(folder.unwrap_or(Path::new("."))).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let kept = if overwrite { file.persist(path) } else { file.persist_noclobber(path) };
        kept.map(drop).map_err(|error| error.error)
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("{}: its folder does not exist", shown_path(path)),
        _ => anyhow!("{}: {error}", shown_path(path)),
    })
}

/// A file that is removed unless it is kept. Others may read it as a file that `File::create` makes.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}
