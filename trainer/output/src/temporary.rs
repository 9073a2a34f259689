//! Temporary files: locked by the process that writes them, so that files of a killed process are
//! recognised.

use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempDir};

const PREFIX: &str = ".ocelli-";
const SUFFIX: &str = ".part";
/// The file of a temporary directory that its process keeps locked.
const LOCK: &str = ".lock";

/// A temporary directory. It is removed when it is dropped.
pub(super) struct Directory {
    // Closed first, because some systems do not remove or rename a directory with open files.
    lock: File,
    directory: TempDir,
}

impl Directory {
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Gives the directory its final name.
    pub(super) fn keep_as(self, path: &Path) -> io::Result<()> {
        drop(self.lock);
        fs::remove_file(self.directory.path().join(LOCK))?;
        fs::rename(self.directory.path(), path)?;
        let _ = self.directory.keep();
        Ok(())
    }
}

/// A new directory in `directory`.
pub(super) fn create_directory(directory: &Path) -> io::Result<Directory> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    // As for files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    let directory = builder.tempdir_in(directory)?;
    let lock = File::create(directory.path().join(LOCK))?;
    // Where files cannot be locked, leftovers are not recognised either.
    let _ = lock.try_lock();
    Ok(Directory { lock, directory })
}

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

/// Removes the temporary files and directories that killed processes have left in `directory`. What cannot be
/// removed stays; it does no harm.
pub fn remove_leftovers(directory: &Path) {
    let Ok(entries) = directory.read_dir() else { return };
    for entry in entries.flatten().filter(ours) {
        let path = entry.path();
        let is_directory = path.is_dir();
        let Ok(file) = File::open(if is_directory { path.join(LOCK) } else { path.clone() }) else {
            continue;
        };
        // Removed under the lock, so that a process that has just created the file notices.
        if file.try_lock().is_ok() {
            let _ = if is_directory { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

fn ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let named = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
    name.to_str().is_some_and(named) && entry.file_type().is_ok_and(|kind| !kind.is_symlink())
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

    #[test]
    fn only_directories_that_nobody_writes_are_leftovers() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in [".ocelli-abc123.part", ".ocelli-without-lock.part"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        std::fs::write(path(".ocelli-abc123.part").join(LOCK), "").unwrap();
        let written = create_directory(root.path()).unwrap();
        remove_leftovers(root.path());
        assert!(!path(".ocelli-abc123.part").exists(), "nobody writes it");
        assert!(path(".ocelli-without-lock.part").exists(), "perhaps it was just made");
        assert!(written.path().exists(), "this process writes it");
        written.keep_as(&path("final")).unwrap();
        assert_eq!(path("final").read_dir().unwrap().count(), 0, "no lock is left");
    }
}
