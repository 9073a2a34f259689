//! The images that a command reads.

use anyhow::{Result, bail, ensure};
use std::path::Path;
use trainer::data::{self, DataSource, Dataset};

/// The images of a directory, or the built-in ones if the network was trained on them.
pub(super) fn dataset(directory: Option<&Path>, source: Option<DataSource>) -> Result<Dataset> {
    match (directory, source) {
        (Some(directory), _) => data::open(directory),
        (None, None | Some(DataSource::Cifar10)) => data::embedded(),
        (None, Some(DataSource::Custom)) => bail!(
            "the network was trained on its owner's images, which are not built in: \
             give their directory with --data DIR"
        ),
    }
}

/// Refuses images of other classes than the network's.
pub(super) fn check_classes<'a>(
    dataset: &Dataset,
    classes: impl Iterator<Item = Option<&'a str>>,
    file: &Path,
    remedy: &str,
) -> Result<()> {
    let known: Vec<_> = classes.collect();
    let same = known.len() == dataset.classes.len()
        && known.iter().zip(&dataset.classes).all(|(ours, theirs)| {
            // A blob need not carry names.
            ours.is_none_or(|ours| ours == theirs)
        });
    ensure!(
        same,
        "{} has {} classes, {}; the images have {}, {}: {remedy}",
        file.display(),
        known.len(),
        known.iter().map(|name| name.unwrap_or("?")).collect::<Vec<_>>().join(", "),
        dataset.classes.len(),
        dataset.classes.join(", ")
    );
    Ok(())
}
