//! Where downloaded images are kept, and how they get there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::archive::{Archive, CIFAR10_URL};
use super::transfer::{self, Transfer};
use super::unpack;

/// The environment variable that names another cache directory.
pub const CACHE_VARIABLE: &str = "OCELLI_CACHE";

/// What to download, and where to keep it.
#[derive(Clone, Debug, Default)]
pub struct Download {
    /// Address of the archive; the default is [`CIFAR10_URL`]. A mirror must serve the same bytes.
    pub url: Option<String>,
    /// Directory to keep the images in. The default is the value of [`CACHE_VARIABLE`], or without that
    /// `ocelli` in the user's cache directory.
    pub cache: Option<PathBuf>,
}

/// Returns the directory of the binary version of CIFAR-10, for [`cifar10`](crate::data::cifar10()):
/// from the cache, or downloaded into it with a progress bar on standard error.
///
/// # Errors
/// If there is no cache directory or it cannot be written to, or if the server cannot be reached, does
/// not have the file or serves a different one. Bytes that have arrived are kept, unless they are
/// wrong, and the next call continues from there.
pub fn download(options: &Download) -> Result<PathBuf> {
    let cache = match &options.cache {
        Some(cache) => cache.clone(),
        None => cache_directory()?,
    };
    let url = options.url.as_deref().unwrap_or(CIFAR10_URL);
    let agent = transfer::agent(Duration::from_secs(60));
    let transfer = Transfer { agent, url, pause: Duration::from_secs(2) };
    obtain(&transfer, &Archive::cifar10(), &cache)
}

/// The default of the cache directory.
///
/// # Errors
/// If the user has no cache directory.
pub fn cache_directory() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os(CACHE_VARIABLE).filter(|cache| !cache.is_empty()) {
        return Ok(cache.into());
    }
    let user = dirs::cache_dir().with_context(|| {
        format!(
            "no cache directory was found: name one in the environment variable {CACHE_VARIABLE}"
        )
    })?;
    Ok(user.join("ocelli"))
}

/// The unpacked archive in `cache`. It is transferred if it is missing.
pub(super) fn obtain(transfer: &Transfer<'_>, archive: &Archive, cache: &Path) -> Result<PathBuf> {
    let directory = cache.join(archive.directory);
    if archive.is_unpacked(&directory) {
        return Ok(directory);
    }
    let unwritable = || {
        format!(
            "cannot write to the cache {}: give another one with --cache DIR or {CACHE_VARIABLE}",
            cache.display()
        )
    };
    fs::create_dir_all(cache).with_context(unwritable)?;
    let _guard = lock(&cache.join(format!("{}.lock", archive.name))).with_context(unwritable)?;
    // Another process may have unpacked it while this one waited.
    if !archive.is_unpacked(&directory) {
        let part = cache.join(format!("{}.part", archive.name));
        transfer.fetch(archive, &part)?;
        unpack::check(archive, &part, transfer.url)?;
        unpack::unpack(archive, &part, cache)?;
        // The file is no longer needed. If it cannot be removed, it only takes disk space.
        fs::remove_file(&part).ok();
    }
    Ok(directory)
}

/// Waits until no other process holds the lock. Dropping the file releases it.
fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.lock() {
        // Some file systems have no locks. There, two transfers at the same time damage the `.part` file.
        // The check of its SHA-256 then fails.
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(file),
    }
}
