//! Lists the classes and the files of a directory of pictures, without reading a file.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// Minimum number of pictures of a class: one for training, one for validation, one for the test.
pub(super) const MIN_PICTURES: usize = 3;

/// The files of one class or of several, each with its label.
#[derive(Default)]
pub(super) struct Pictures {
    pub(super) files: Vec<(PathBuf, u16)>,
}

/// Whether a class has enough pictures: `to_test` for the test, `to_train` for training and validation.
pub(super) const fn enough(to_train: usize, to_test: usize) -> bool {
    to_test > 0 && to_train >= MIN_PICTURES - 1
}

/// The classes: the names of the folders in `dir`, in alphabetical order.
pub(super) fn classes(dir: &Path) -> Result<Vec<String>> {
    let mut classes = Vec::new();
    for path in entries(dir)? {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| {
            format!("the name of {} is not valid UTF-8: rename the folder", path.display())
        })?;
        ensure!(
            !name.contains('\n'),
            "the name of {} contains a line break: rename the folder",
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
    /// The files in the folders `classes` of `dir`. The label of a file is the position of its class.
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
