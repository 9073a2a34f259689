//! Output files: checked before the work begins, and written whole or not at all.

mod check;
mod directory;
mod folder;
mod temporary;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

pub use check::{Replaces, check, check_directory, refuse_inputs};
pub use directory::{check_new_directory, write_directory};
pub use folder::write_all;
pub use temporary::remove_leftovers;

/// Writes `bytes` to a temporary file beside `path`, then renames it to `path`. If `path` is a link, the file
/// that it leads to is replaced, and the link stays.
///
/// # Errors
/// If the directory cannot be written to or the disk is full. The file at `path` is then unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_whole(path, bytes).map_err(|error| {
        let message = format!("cannot write {}: {}", path.display(), remedy(error.kind()));
        anyhow::Error::new(error).context(message)
    })
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = followed(path)?;
    let mut file = temporary::create(directory_of(&path))?;
    file.write_all(bytes)?;
    // Without this, a power cut after the rename may leave an empty file.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Where the bytes of `path` are, or will be.
fn followed(path: &Path) -> io::Result<PathBuf> {
    if path.is_symlink() { path.canonicalize() } else { Ok(path.to_owned()) }
}

/// The directory that a file is in; `.` for a name alone.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space there, or write elsewhere"
        }
        ErrorKind::NotFound => "create its directory first",
        ErrorKind::IsADirectory => "it is a directory; give the path of a file",
        _ => "check that its directory is writable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        for content in ["first", "second"] {
            write(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "content");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "files in all");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("model.bin"), directory.path().join("link.bin"));
        std::fs::write(&file, "first").unwrap();
        std::os::unix::fs::symlink("model.bin", &link).unwrap();
        write(&link, b"second").unwrap();
        assert!(link.is_symlink(), "the link");
        assert_eq!(std::fs::read(&file).unwrap(), b"second", "the file that it leads to");
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = write(&directory.path().join("none/a.csv"), b"").unwrap_err();
        assert!(error.to_string().contains("none/a.csv"), "{error}");
        assert!(error.to_string().contains("create its directory"), "the remedy: {error}");
        let error = write(directory.path(), b"").unwrap_err();
        assert!(error.to_string().contains("cannot write"), "a directory: {error}");
    }

    #[test]
    fn a_full_disk_has_its_own_remedy() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge] {
            assert!(remedy(kind).contains("free some space"), "{kind}");
        }
    }
}
