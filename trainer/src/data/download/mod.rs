//! CIFAR-10 from its authors: downloaded once, checked, unpacked and kept.
//!
//! A transfer that was cut goes on where it ended: what has arrived lies in a `.part` file. Nothing
//! of it is used before its length and SHA-256 are those of the published archive, and each file of
//! images appears whole or not at all. Several processes may ask at the same time:
//! one transfers, the others wait.

mod args;
mod transfer;
mod unpack;

pub use args::DownloadArgs;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::cifar10::{FILE_BYTES, TEST_FILE, TRAIN_FILES};
use transfer::Transfer;

/// Where the authors publish the binary version of CIFAR-10.
pub const CIFAR10_URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
/// The environment variable that names another cache directory.
pub const CACHE_VARIABLE: &str = "OCELLI_CACHE";

/// What to download, and where to keep it.
#[derive(Clone, Debug, Default)]
pub struct Download {
    /// Address of the archive, [`CIFAR10_URL`] where there is none; a mirror must serve the same
    /// bytes.
    pub url: Option<String>,
    /// Directory to keep the images in; without it the one that [`CACHE_VARIABLE`] names, else
    /// `ocelli` in the user's cache directory.
    pub cache: Option<PathBuf>,
}

/// What an archive must be.
#[derive(Clone, Debug)]
struct Archive {
    /// Name in the cache while it is transferred.
    name: &'static str,
    bytes: u64,
    /// Lower-case hexadecimal digits.
    sha256: String,
    /// The directory inside, and in the cache.
    directory: &'static str,
    /// Its files that are wanted, all equally long.
    files: Vec<&'static str>,
    file_bytes: u64,
}

impl Archive {
    /// The binary version of CIFAR-10 as its authors publish it.
    fn cifar10() -> Self {
        Self {
            name: "cifar-10-binary.tar.gz",
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd".to_owned(),
            directory: "cifar-10-batches-bin",
            files: TRAIN_FILES.into_iter().chain([TEST_FILE]).collect(),
            file_bytes: FILE_BYTES as u64,
        }
    }

    /// Whether `directory` holds every file at its length.
    fn is_unpacked(&self, directory: &Path) -> bool {
        self.files.iter().all(|file| {
            fs::metadata(directory.join(file))
                .is_ok_and(|found| found.is_file() && found.len() == self.file_bytes)
        })
    }
}

/// Returns the directory of the binary version of CIFAR-10, for [`cifar10`](super::cifar10()):
/// from the cache, or downloaded into it with a progress bar on standard error.
///
/// # Errors
/// If there is no cache directory or it cannot be written to, the server cannot be reached, does
/// not have the file or serves another one. What has arrived is kept, unless it is wrong, and the
/// next call goes on from there.
pub fn download(options: &Download) -> Result<PathBuf> {
    let cache = match &options.cache {
        Some(cache) => cache.clone(),
        None => default_cache()?,
    };
    let url = options.url.as_deref().unwrap_or(CIFAR10_URL);
    let agent = transfer::agent(Duration::from_secs(60));
    let transfer = Transfer { agent, url, pause: Duration::from_secs(2) };
    obtain(&transfer, &Archive::cifar10(), &cache)
}

/// The cache directory where none was given.
fn default_cache() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os(CACHE_VARIABLE).filter(|cache| !cache.is_empty()) {
        return Ok(cache.into());
    }
    let user = dirs::cache_dir().with_context(|| {
        format!("this user has no cache directory: name one with --cache DIR or {CACHE_VARIABLE}")
    })?;
    Ok(user.join("ocelli"))
}

/// The unpacked archive in `cache`, transferred where it is not there yet.
fn obtain(transfer: &Transfer<'_>, archive: &Archive, cache: &Path) -> Result<PathBuf> {
    let directory = cache.join(archive.directory);
    if archive.is_unpacked(&directory) {
        return Ok(directory);
    }
    let unwritable = || {
        format!(
            "cannot write to the cache {}: name another with --cache DIR or {CACHE_VARIABLE}",
            cache.display()
        )
    };
    fs::create_dir_all(cache).with_context(unwritable)?;
    let _guard = lock(&cache.join(format!("{}.lock", archive.name))).with_context(unwritable)?;
    // Another process may have been at it while this one waited.
    if !archive.is_unpacked(&directory) {
        let part = cache.join(format!("{}.part", archive.name));
        transfer.fetch(archive, &part)?;
        unpack::check(archive, &part, transfer.url)?;
        unpack::unpack(archive, &part, cache)?;
        // All that is in it is unpacked; a leftover only takes room.
        fs::remove_file(&part).ok();
    }
    Ok(directory)
}

/// Waits until no other process holds the file; it is released when the value is dropped.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.lock() {
        // Not every file system knows locks; two transfers at once then spoil each other's part,
        // which the check finds.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(file),
    }
}

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
