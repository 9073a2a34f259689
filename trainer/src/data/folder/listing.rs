//! The files of a directory of pictures, before any of them is read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Pictures that a class needs: one to train on, one to choose the best epoch by, one to test on.
pub(super) const MIN_PICTURES: usize = 3;

/// Pictures of one class, or of all.
#[derive(Default)]
pub(super) struct Pictures {
    pub(super) files: Vec<(PathBuf, u16)>,
}

/// Whether a class has pictures enough to train on, to choose an epoch by, and to test on.
pub(super) const fn enough(to_train: usize, to_test: usize) -> bool {
    to_test > 0 && to_train >= MIN_PICTURES - 1
}

/// Names of the folders in alphabetical order.
pub(super) fn classes(dir: &Path) -> Result<Vec<String>> {
    let mut classes = Vec::new();
    for path in entries(dir)? {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| {
            format!("the name of {} is not text: rename the folder", path.display())
        })?;
        ensure!(
            !name.contains('\n'),
            "the name of {} contains a line break: rename it",
            path.display()
        );
        classes.push(name.to_owned());
    }
    match classes.as_slice() {
        [] => bail!(
            "{} has no folders: put the pictures of each class into a folder of its own, such as \
             {}",
            dir.display(),
            dir.join("cat").display()
        ),
        [one] => bail!(
            "{} has one class, {one}: put the pictures of another class, or of everything else, \
             into a second folder",
            dir.display()
        ),
        _ => Ok(classes),
    }
}

/// The entries of a directory in alphabetical order, without hidden files.
pub(super) fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("cannot read {}", dir.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).with_context(context)? {
        let entry = entry.with_context(context)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

impl Pictures {
    pub(super) fn list(dir: &Path, classes: &[String]) -> Result<Self> {
        let mut pictures = Self::default();
        for (label, class) in classes.iter().enumerate() {
            let label = u16::try_from(label).context("there are more than 65,536 folders")?;
            let files = entries(&dir.join(class))?.into_iter().filter(|path| path.is_file());
            pictures.files.extend(files.map(|path| (path, label)));
        }
        Ok(pictures)
    }
}
