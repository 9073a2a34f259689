//! The images that a command reads.

use anyhow::{Result, bail, ensure};
use std::path::Path;
use trainer::data::{self, DataSource, Dataset, Reading};
use trainer::summary::listed;

/// The images of a directory for a network of so many classes, or the built-in ones if it was trained on
/// them. A blob does not say what it was trained on.
pub(super) fn dataset(
    directory: Option<&Path>,
    source: Option<DataSource>,
    classes: usize,
) -> Result<Dataset> {
    match (directory, source) {
        (Some(directory), _) => {
            let reading = Reading::of_network(classes, source.unwrap_or(DataSource::Pictures));
            data::open(directory, reading)
        }
        (None, None | Some(DataSource::Cifar10)) => data::embedded(),
        (None, Some(DataSource::Custom | DataSource::Pictures)) => bail!(
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
        listed(&known.iter().map(|name| name.unwrap_or("?")).collect::<Vec<_>>()),
        dataset.classes.len(),
        listed(&dataset.classes)
    );
    Ok(())
}
