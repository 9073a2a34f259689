//! Checks a transferred archive as a whole, then unpacks it file by file.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::archive::Archive;
use crate::note;

/// Checks length and SHA-256 of a part file that came from `url`; a wrong one is deleted.
pub(super) fn check(archive: &Archive, part: &Path, url: &str) -> Result<()> {
    let found = digest(part).with_context(|| format!("cannot read {}", part.display()))?;
    if found == (archive.bytes, archive.sha256.clone()) {
        return Ok(());
    }
    fs::remove_file(part).with_context(|| format!("cannot delete {}", part.display()))?;
    bail!(
        "the file from {url} is not the published archive and was deleted (it has {} bytes and SHA-256 \
         {}, expected {} and {}): run the command again, or give another address with --url",
        found.0,
        found.1,
        archive.bytes,
        archive.sha256
    );
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hasher.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    let digits = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, digits))
}

/// Beginning of the name of a directory that an archive is unpacked to.
const UNPACKING: &str = ".unpacking-";

/// Unpacks the files of a checked archive into its directory in `cache`. Each file appears whole, and the
/// first one only after all have been read. A different file of the same name is kept under another name.
/// No other process may unpack into `cache` at the same time.
///
/// Paths in the archive do not decide where files are written. An entry with an unexpected name is skipped.
pub(super) fn unpack(archive: &Archive, part: &Path, cache: &Path) -> Result<()> {
    let full = "cannot unpack into the cache: free disk space, or give another cache with --cache";
    remove_leftovers(cache);
    let temporary = tempfile::Builder::new().prefix(UNPACKING).tempdir_in(cache).context(full)?;
    let file = File::open(part).with_context(|| format!("cannot read {}", part.display()))?;
    let mut entries = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    for entry in entries.entries()? {
        let mut entry = entry.context("the archive is damaged")?;
        let path = entry.path().context("the archive is damaged")?.into_owned();
        let wanted = |file: &&&str| path == Path::new(archive.directory).join(file);
        let Some(name) = archive.files.iter().find(wanted) else {
            continue;
        };
        let kind = entry.header().entry_type();
        ensure!(
            kind.is_file() && entry.size() == archive.file_bytes,
            "the archive's {name} is a {kind:?} of {} bytes, expected a file of {}",
            entry.size(),
            archive.file_bytes
        );
        let mut file = File::create_new(temporary.path().join(name)).context(full)?;
        io::copy(&mut entry, &mut file).context(full)?;
    }
    if let Some(name) = archive.files.iter().find(|name| !temporary.path().join(name).is_file()) {
        bail!("the archive has no {}/{name}", archive.directory);
    }
    // The directory may exist and may be the user's own, so its other files are left alone.
    let directory = cache.join(archive.directory);
    fs::create_dir_all(&directory).context(full)?;
    for name in &archive.files {
        let (new, place) = (temporary.path().join(name), directory.join(name));
        if place.exists() && fs::read(&place).context(full)? != fs::read(&new).context(full)? {
            let kept = free(&place);
            fs::rename(&place, &kept).context(full)?;
            note!("{} was not the published file: it is now {}", place.display(), kept.display());
        }
        fs::rename(new, place).context(full)?;
    }
    Ok(())
}

/// A name beside `path` that no file has.
fn free(path: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        if !Path::new(&name).exists() {
            return name.into();
        }
        number += 1;
    }
}

/// Removes directories that killed processes have left incomplete.
fn remove_leftovers(cache: &Path) {
    for entry in cache.read_dir().into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNPACKING) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
