//! The files of a run in its directory.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::report;

/// The best network of a run.
pub(crate) const BEST_FILE: &str = "best.mpk";
/// The settings of a run. It is written first, and shows that the other files belong to a run.
pub(crate) const CONFIG_FILE: &str = "config.json";
/// The table of its epochs.
pub(crate) const METRICS_FILE: &str = "metrics.csv";
/// The curves of its epochs.
pub(crate) const CURVES_FILE: &str = "curves.svg";
/// The state of an unfinished run.
pub(crate) const RESUME_FILE: &str = "resume.bin";
/// Directory of the report about the validation images.
pub(crate) const VALIDATION: &str = "validation";

/// The files of a run. The settings are first: if moving stops between two files, the rest has no settings
/// and counts as foreign files, which no run replaces.
pub(super) const FILES: [&str; 5] =
    [CONFIG_FILE, RESUME_FILE, BEST_FILE, METRICS_FILE, CURVES_FILE];

/// Every file that a run writes and that is not temporary.
pub(super) fn all(directory: &Path) -> Vec<PathBuf> {
    let files = FILES.map(|file| directory.join(file));
    files.into_iter().chain(report_files(directory)).collect()
}

/// Moves the files of a run to a new directory `earlier-N` beside them, and returns it. Other files stay.
pub(super) fn move_away(directory: &Path) -> Result<PathBuf> {
    let to = new_directory(directory)?;
    let moved = |file: PathBuf| -> Result<()> {
        let way = file.strip_prefix(directory).context("it is not in the directory")?;
        rename(&file, &to.join(way))
            .with_context(|| format!("cannot move {} to {}", file.display(), to.display()))
    };
    let reports = report_files(directory);
    if reports.iter().any(|file| file.exists()) {
        let validation = to.join(VALIDATION);
        fs::create_dir(&validation)
            .with_context(|| format!("cannot create {}", validation.display()))?;
    }
    all(directory).into_iter().try_for_each(moved)?;
    // Only if it is empty.
    let _ = fs::remove_dir(directory.join(VALIDATION));
    Ok(to)
}

/// Removes the files of a run. Other files stay.
pub(super) fn remove(directory: &Path) -> Result<()> {
    // The settings last: if this stops between two files, the rest is still known as a run.
    for file in all(directory).into_iter().rev() {
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error).with_context(|| format!("cannot remove {}", file.display()));
        }
    }
    let _ = fs::remove_dir(directory.join(VALIDATION));
    Ok(())
}

/// Broken links count as well, because they belong to the user.
pub(super) fn is_there(directory: &Path, file: &str) -> bool {
    directory.join(file).symlink_metadata().is_ok()
}

pub(super) fn report_files(directory: &Path) -> [PathBuf; report::FILES.len()] {
    report::FILES.map(|file| directory.join(VALIDATION).join(file))
}

/// Makes `earlier-N` with a number above all existing ones.
fn new_directory(directory: &Path) -> Result<PathBuf> {
    let entries = directory.read_dir();
    let entries = entries.with_context(|| format!("cannot read {}", directory.display()))?;
    let number = |name: &str| name.strip_prefix("earlier-")?.parse::<u32>().ok();
    let numbers = entries.flatten().filter_map(|entry| number(entry.file_name().to_str()?));
    let next = numbers.max().unwrap_or(0).saturating_add(1);
    let to = directory.join(format!("earlier-{next}"));
    fs::create_dir(&to).with_context(|| format!("cannot create {}", to.display()))?;
    Ok(to)
}

/// Moves a file if it exists.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound && !from.is_symlink() => Ok(()),
        moved => moved,
    }
}
