//! The user's own pictures: a directory with one folder of pictures for each class.

pub(super) mod check;
mod counts;
pub(super) mod finding;
mod held_out;
mod hints;
mod layout;
mod read;

use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::dataset::{DataSource, Dataset};
use super::reading::{HeldOut, Reading};
use super::split::split;
use finding::{Finding, Severity};
use layout::{Layout, Role};
use read::Pictures;

/// Share of each class that became test images in the first versions.
const TEST_SHARE: f64 = 0.1;
/// Seed of their choice in the first versions.
const TEST_SEED: u64 = 0;
/// Maximum number of files that an error names for one problem.
const NAMED: usize = 5;

/// Images read from folders.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) dataset: Dataset,
    /// What is left out, and why.
    pub(super) findings: Vec<Finding>,
}

/// Reads images of one size from `dir/CLASS/…`, or from `dir/train/CLASS/…`, `dir/val/CLASS/…` and
/// `dir/test/CLASS/…`, of which only the first must exist. Without a folder for them, about a tenth of the
/// images become test images. The classes are the folders in alphabetical order. `progress` receives the
/// number of files read since the last call, and the total.
///
/// # Errors
/// If there are fewer than two classes, or if a class has fewer than three pictures that can be read: one
/// to test on, one to train on and one to choose the best epoch by.
pub(super) fn folder(
    dir: &Path,
    Reading { held_out, size, .. }: Reading,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Folder> {
    let layout = Layout::find(dir)?;
    let problem = |finding: &&Finding| finding.severity == Severity::Problem;
    if let Some(problem) = layout.findings.iter().find(problem) {
        let mut named = problem.files.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
        if problem.files.len() > NAMED {
            named += "; …";
        }
        bail!("{}: {}: {named}", pictures::shown_path(dir), problem.message);
    }
    let Pictures { images, about, faults } = Pictures::read(&layout, size, &progress)?;
    let of = |role| (0..about.len()).filter(|&index| about[index].role == role).collect::<Vec<_>>();
    // By digest, so that the first images are a random sample that stays the same if others are added.
    let part = |mut indices: Vec<usize>| {
        indices.sort_by_key(|&index| about[index].digest);
        images.subset(&indices)
    };
    let training = of(Role::Training);
    let apart = layout.has(Role::Test);
    let (train, test) = match (apart, held_out) {
        (true, HeldOut::ByBytes) => (part(training), part(of(Role::Test))),
        (true, HeldOut::Shuffled) => {
            let train = images.subset(&training).sample(usize::MAX, TEST_SEED);
            (train, images.subset(&of(Role::Test)))
        }
        (false, HeldOut::ByBytes) => {
            let keys = training.iter().map(|&index| (images.label(index), about[index].digest));
            let mut chosen = held_out::chosen(&keys.collect::<Vec<_>>()).into_iter();
            let (test, train) =
                training.into_iter().partition(|_| chosen.next().unwrap_or_default());
            (part(train), part(test))
        }
        (false, HeldOut::Shuffled) => split(&images.subset(&training), TEST_SHARE, TEST_SEED),
    };
    let validation = layout.has(Role::Validation).then(|| part(of(Role::Validation)));
    if let Some(validation) = &validation {
        ensure!(!validation.is_empty(), "no picture for validation can be read");
    }
    let Layout { classes, mut findings, .. } = layout;
    if held_out == HeldOut::Shuffled && !apart {
        findings.push(Finding {
            severity: Severity::Note,
            message: "the test pictures are chosen in the same way as when this network was trained, so they \
                      depend on the list of all files"
                .into(),
            files: Vec::new(),
        });
    }
    findings.extend(Finding::unusable(faults));
    let source = match held_out {
        HeldOut::ByBytes => DataSource::Pictures,
        HeldOut::Shuffled => DataSource::Custom,
    };
    let dataset = Dataset { train, validation, test, classes, source };
    counts::check(&dataset, &findings)?;
    Ok(Folder { dataset, findings })
}

#[cfg(test)]
mod tests;
