//! How many pictures a class needs.

use anyhow::{Result, bail};

use super::finding::Finding;
use crate::data::dataset::Dataset;
use crate::data::images::Images;

/// Pictures that a class needs: one to train on, one to choose the best epoch by, one to test on.
pub(super) const MIN_PICTURES: usize = 3;
/// Files of a class that an error names.
const NAMED: usize = 2;

/// Refuses classes with too few pictures.
pub(super) fn check(dataset: &Dataset, findings: &[Finding]) -> Result<()> {
    let counts = |images: &Images| {
        let mut counts = vec![0; dataset.classes.len()];
        images.labels().iter().for_each(|&label| counts[usize::from(label)] += 1);
        counts
    };
    let (train, test) = (counts(&dataset.train), counts(&dataset.test));
    for (class, name) in dataset.classes.iter().enumerate() {
        let (train, test) = (train[class], test[class]);
        if enough(train, test, dataset.validation.is_some()) {
            continue;
        }
        // The files of this class that were left out are the likely reason.
        let lost = findings.iter().flat_map(|finding| &finding.files);
        let own = |file: &&String| {
            file.starts_with(&format!("{name}/")) || file.contains(&format!("/{name}/"))
        };
        let lost = lost.filter(own).take(NAMED);
        let lost = lost.cloned().collect::<Vec<_>>();
        let lost = if lost.is_empty() { String::new() } else { format!("; {}", lost.join("; ")) };
        bail!(
            "class {name} has {} pictures that can be read, {test} of them for the test: it needs at least \
             {MIN_PICTURES}, one for the test and two for training, and a few dozen are better{lost}",
            train + test
        );
    }
    Ok(())
}

/// Whether a class has enough pictures to train on, to choose an epoch by, and to test on.
pub(super) const fn enough(to_train: usize, to_test: usize, validation_apart: bool) -> bool {
    let least = if validation_apart { 1 } else { MIN_PICTURES - 1 };
    to_test > 0 && to_train >= least
}
