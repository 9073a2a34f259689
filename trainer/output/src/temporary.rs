//! Temporary files: locked by the process that writes them, so that files of a killed process are
//! recognised.

use std::fs::{DirEntry, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".ocelli-";
const SUFFIX: &str = ".part";

/// A new file in `directory`. It is locked until it is closed.
pub(super) fn create(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // Temporary files are private by default, but these become ordinary files with the usual permissions.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    loop {
        let file = builder.tempfile_in(directory)?;
        let locked = file.as_file().try_lock();
        // Another process can take the file for a leftover as long as it is not locked.
        if !matches!(locked, Err(TryLockError::WouldBlock)) && file.path().exists() {
            return Ok(file);
        }
    }
}

/// Removes the temporary files that killed processes have left in `directory`. A file that cannot be
/// removed stays; it does no harm.
pub fn remove_leftovers(directory: &Path) {
    let Ok(entries) = directory.read_dir() else { return };
    for entry in entries.flatten().filter(ours) {
        let Ok(file) = File::open(entry.path()) else { continue };
        // Removed under the lock, so that a process that has just created the file notices.
        if file.try_lock().is_ok() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let named = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
    name.to_str().is_some_and(named) && entry.file_type().is_ok_and(|kind| kind.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_nobody_writes_are_leftovers() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in [".ocelli-abc123.part", ".ocelli-notes", "photo.part"] {
            std::fs::write(path(name), "bytes").unwrap();
        }
        let written = create(directory.path()).unwrap();
        remove_leftovers(directory.path());
        assert!(!path(".ocelli-abc123.part").exists(), "nobody writes it");
        assert!(written.path().exists(), "this process writes it");
        assert!(path(".ocelli-notes").exists() && path("photo.part").exists(), "other files");
        let kept = written.into_temp_path().keep().unwrap();
        remove_leftovers(directory.path());
        assert!(!kept.exists(), "closed, so that nobody writes it");
    }
}
