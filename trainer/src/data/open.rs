//! Images from a directory: CIFAR-10, CIFAR-100 or folders of pictures.

use std::path::Path;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::cifar10::{TRAIN_FILES, cifar10};
use super::cifar100::{self, cifar100};
use super::dataset::Dataset;
use super::folder::folder;
use super::reading::Reading;
use crate::note;

/// Maximum number of files that a finding names. Further ones are only counted.
const NAMED: usize = 10;

/// Reads the binary version of CIFAR-10 or of CIFAR-100, or a folder of pictures for each class.
///
/// Standard error shows a progress bar and says what is left out.
///
/// # Errors
/// If the directory holds none of them; the message says what it holds and what to do.
pub fn open(dir: &Path, reading: Reading) -> Result<Dataset> {
    let holds = |name: &str| dir.join(name).exists();
    if cifar100::is_in(dir) {
        return Ok(cifar100(dir, reading.labels)?.resized(reading.size));
    }
    // `cifar10` has messages for the Python version and for a directory one level too high.
    let cifar = TRAIN_FILES.iter().any(|name| holds(name))
        || holds("data_batch_1")
        || holds("cifar-10-batches-bin");
    if cifar || !dir.is_dir() || empty(dir) {
        return Ok(cifar10(dir)?.resized(reading.size));
    }
    let found = with_reading_bar(|progress| folder(dir, reading, progress))?;
    for line in found.findings.iter().flat_map(|finding| finding.lines(NAMED)) {
        note!("{line}");
    }
    Ok(found.dataset)
}

/// Runs `work` with a progress bar on standard error. `work` reports the number of files that it has
/// read since its last report, and the total.
pub(crate) fn with_reading_bar<T>(
    work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> Result<T>,
) -> Result<T> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("reading {bar:32} {pos}/{len}, {eta} left") {
        bar.set_style(style);
    }
    let found = work(&|files, total| {
        bar.set_length(total as u64);
        bar.inc(files as u64);
    })?;
    bar.finish_and_clear();
    Ok(found)
}

fn empty(dir: &Path) -> bool {
    dir.read_dir().is_ok_and(|mut entries| entries.next().is_none())
}
