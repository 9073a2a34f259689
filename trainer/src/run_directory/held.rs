//! A directory in which one process at a time works.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use same_file::Handle;

/// The file that is locked. The system releases the lock when the process ends in any way.
const LOCK_FILE: &str = ".ocelli-lock";

/// The sole use of a directory until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    path: PathBuf,
    /// The locked file, which keeps the lock as long as it is open; `None` before there is one.
    lock: Option<File>,
    /// The directories that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl Held {
    /// Takes the directory at `path`, which is made if it is missing. If nothing is written to it, it is
    /// removed again.
    ///
    /// # Errors
    /// If it cannot be made or written to, or if another process holds it.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let name = path.display();
        let missing = path.ancestors().take_while(|path| !path.exists());
        let made = missing.filter(|path| !path.as_os_str().is_empty()).map(Path::to_owned);
        let mut held = Self { path: path.to_owned(), lock: None, made: made.collect() };
        fs::create_dir_all(path).with_context(|| {
            format!("cannot create {name}: choose another directory with --out")
        })?;
        held.lock = Some(lock(path)?);
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            // Before the lock is released. The next process checks whether its file still exists.
            let _ = fs::remove_file(self.path.join(LOCK_FILE));
            drop(lock);
        }
        // A directory that is not empty stays.
        for made in &self.made {
            let _ = fs::remove_dir(made);
        }
    }
}

/// The locked file in a directory.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK_FILE);
    let name = directory.display();
    loop {
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| {
            format!("cannot write to {name}: choose another directory with --out")
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "another run is working in {name}: wait until it ends, or choose another directory \
                 with --out"
            ),
            // Some network file systems have no locks. A user of one must not be locked out.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {name}"));
            }
        }
        // Another process may have removed the file between opening and locking it.
        let held = Handle::from_file(file.try_clone()?)?;
        if Handle::from_path(&path).is_ok_and(|there| there == held) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let files = || std::fs::read_dir(directory.path()).unwrap().count();
        let held = Held::take(directory.path()).unwrap();
        let error = Held::take(directory.path()).unwrap_err().to_string();
        assert!(error.contains("another run") && error.contains("--out"), "{error}");
        drop(held);
        assert_eq!(files(), 0, "nothing is left");
        // What a killed process leaves.
        std::fs::write(directory.path().join(LOCK_FILE), "").unwrap();
        drop(Held::take(directory.path()).unwrap());
        assert_eq!(files(), 0, "the next one removes it");
    }
}
