//! Several files of one directory, written together or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::NamedTempFile;

use crate::{followed, remedy, temporary};

/// Writes files with these names and bytes into a directory, which is made if it is missing. All are written beside
/// their places first, and take them only when the last one is complete.
///
/// # Errors
/// If the directory cannot be made or written to, or the disk is full. No file has changed then, and a directory
/// that was made is gone again. Only if a file cannot take its place, the ones before it have taken theirs.
pub fn write_all(directory: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let made: Vec<_> = directory.ancestors().take_while(|path| is_missing(path)).collect();
    let staged = stage(directory, files).map_err(|(error, name)| {
        for path in &made {
            // One that is not there or not empty is left alone.
            let _ = std::fs::remove_dir(path);
        }
        named(error, &directory.join(name))
    })?;
    for (file, path) in staged {
        file.persist(&path).map_err(|error| named(error.error, &path))?;
    }
    Ok(())
}

fn is_missing(path: &Path) -> bool {
    !path.as_os_str().is_empty() && !path.exists()
}

/// Writes each file to a temporary one. The error comes with the file that it is about.
fn stage<'a>(
    directory: &Path,
    files: &[(&'a str, &[u8])],
) -> Result<Vec<(NamedTempFile, PathBuf)>, (io::Error, &'a str)> {
    std::fs::create_dir_all(directory).map_err(|error| (error, ""))?;
    let write = |name: &str, bytes: &[u8]| -> io::Result<_> {
        let path = followed(&directory.join(name))?;
        let mut file = temporary::create(crate::directory_of(&path))?;
        file.write_all(bytes)?;
        // Without this, a power cut after the rename may leave an empty file.
        file.as_file().sync_all()?;
        Ok((file, path))
    };
    files.iter().map(|&(name, bytes)| write(name, bytes).map_err(|error| (error, name))).collect()
}

fn named(error: io::Error, path: &Path) -> anyhow::Error {
    let message = format!("cannot write {}: {}", path.display(), remedy(error.kind()));
    anyhow::Error::new(error).context(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_written_into_a_new_directory() {
        let directory = tempfile::tempdir().unwrap();
        let page = directory.path().join("new/page");
        write_all(&page, &[("a.html", b"first"), ("b.css", b"")]).unwrap();
        write_all(&page, &[("a.html", b"second")]).unwrap();
        assert_eq!(std::fs::read_to_string(page.join("a.html")).unwrap(), "second", "replaced");
        assert_eq!(std::fs::read_dir(&page).unwrap().count(), 2, "nothing else");
    }

    #[test]
    fn after_an_error_nothing_has_changed() {
        let directory = tempfile::tempdir().unwrap();
        let page = directory.path().join("new/page");
        // There is no directory for the second file.
        let error = write_all(&page, &[("a.html", b"first"), ("none/b.css", b"")]).unwrap_err();
        assert!(error.to_string().contains("b.css"), "{error}");
        assert!(!directory.path().join("new").exists(), "no directory is left");
        std::fs::create_dir_all(&page).unwrap();
        std::fs::write(page.join("a.html"), "earlier").unwrap();
        write_all(&page, &[("a.html", b"first"), ("none/b.css", b"")]).unwrap_err();
        assert_eq!(std::fs::read_to_string(page.join("a.html")).unwrap(), "earlier", "kept");
        assert_eq!(std::fs::read_dir(&page).unwrap().count(), 1, "nothing beside it");
    }
}
