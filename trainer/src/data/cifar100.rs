//! CIFAR-100 from a directory, in its binary version, and other images in the same layout.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::dataset::{DataSource, Dataset};
use super::images::Images;
use super::planes::{PLANE_BYTES, append_pixels};
use super::reading::Labels;
use super::size::SIDE;

const TRAIN_FILE: &str = "train.bin";
const TEST_FILE: &str = "test.bin";
/// The directory in the official archive.
const INNER: &str = "cifar-100-binary";
/// A coarse label, a fine label, then a red, a green and a blue plane, rows top to bottom.
const RECORD_BYTES: usize = 2 + 3 * PLANE_BYTES;
const REMEDY: &str = "the directory must be the unpacked binary version of CIFAR-100 \
    (https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz)";

/// Whether a directory holds CIFAR-100 in any version, or the directory of its archive.
pub(super) fn is_in(dir: &Path) -> bool {
    let holds = |name: &str| dir.join(name).is_file();
    holds(TRAIN_FILE)
        || holds(names_file(Labels::Fine))
        || ["train", "test", "meta"].into_iter().all(holds)
        || dir.join(INNER).is_dir()
}

/// Reads `train.bin`, `test.bin` and the names of the classes, `fine_label_names.txt` or
/// `coarse_label_names.txt`. Each line has one name, in the order of the labels.
///
/// # Errors
/// If a file cannot be read, is not a whole number of records, or holds a label without a name; the message
/// names the file and says what to do.
///
/// # Source
/// Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.
pub(super) fn cifar100(dir: &Path, labels: Labels) -> Result<Dataset> {
    let classes = class_names(dir, labels).with_context(|| remedy(dir))?;
    let read = |name: &str| -> Result<Images> {
        let path = dir.join(name);
        let bytes = fs::read(&path)
            .with_context(|| format!("cannot read {}", path.display()))
            .with_context(|| remedy(dir))?;
        images(&bytes, labels, classes.len())
            .with_context(|| format!("{} is damaged; {REMEDY}", path.display()))
    };
    let (train, test) = (read(TRAIN_FILE)?, read(TEST_FILE)?);
    Ok(Dataset { train, validation: None, test, classes, source: DataSource::Pictures })
}

const fn names_file(labels: Labels) -> &'static str {
    match labels {
        Labels::Fine => "fine_label_names.txt",
        Labels::Coarse => "coarse_label_names.txt",
    }
}

fn class_names(dir: &Path, labels: Labels) -> Result<Vec<String>> {
    let path = dir.join(names_file(labels));
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty()).map(String::from);
    let names = names.collect::<Vec<_>>();
    ensure!(names.len() > 1, "{} must have the names of at least two classes", path.display());
    Ok(names)
}

fn images(bytes: &[u8], labels: Labels, classes: usize) -> Result<Images> {
    ensure!(
        !bytes.is_empty() && bytes.len().is_multiple_of(RECORD_BYTES),
        "it has {} bytes, not a multiple of the {RECORD_BYTES} of a record",
        bytes.len()
    );
    let count = bytes.len() / RECORD_BYTES;
    let (mut pixels, mut found) = (Vec::with_capacity(count * 3 * PLANE_BYTES), Vec::new());
    for (index, record) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
        let label = match labels {
            Labels::Coarse => record[0],
            Labels::Fine => record[1],
        };
        ensure!(
            usize::from(label) < classes,
            "record {index} has label {label}, but there are names for 0 to {}",
            classes - 1
        );
        found.push(label.into());
        append_pixels(&record[2..], &mut pixels);
    }
    Images::new(SIDE, SIDE, pixels, found)
}

/// What to do about a directory that does not hold the files, as far as it can be guessed.
fn remedy(dir: &Path) -> String {
    let inner = dir.join(INNER);
    if inner.is_dir() {
        format!("the files seem to be one level deeper: try {}", inner.display())
    } else if dir.join("meta").is_file() {
        format!("{} seems to hold the Python version; {REMEDY}", dir.display())
    } else {
        format!("cannot read CIFAR-100 from {}; {REMEDY}", dir.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(coarse: u8, fine: u8) -> Vec<u8> {
        let mut record = vec![coarse, fine];
        record.extend([10, 20, 30].into_iter().flat_map(|value| [value; PLANE_BYTES]));
        record
    }

    fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) {
        fs::write(dir.join(name), content).unwrap();
    }

    #[test]
    fn both_kinds_of_labels_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        write(dir, "train.bin", [record(1, 2), record(0, 0), record(1, 1)].concat());
        write(dir, "test.bin", record(0, 0));
        write(dir, "fine_label_names.txt", "apple\nbear\nbeaver\n\n");
        write(dir, "coarse_label_names.txt", "fruit\nmammals\n");
        assert!(is_in(dir), "recognised");
        let fine = cifar100(dir, Labels::Fine).unwrap();
        assert_eq!(fine.classes, ["apple", "bear", "beaver"], "fine classes");
        assert_eq!((fine.train.labels(), fine.test.labels()), (&[2, 0, 1][..], &[0][..]), "fine");
        assert_eq!(fine.train.image(2)[..6], [10, 20, 30, 10, 20, 30], "pixels");
        let coarse = cifar100(dir, Labels::Coarse).unwrap();
        assert_eq!(coarse.classes, ["fruit", "mammals"], "coarse classes");
        assert_eq!(coarse.train.labels(), [1, 0, 1], "coarse");
        write(dir, "fine_label_names.txt", "apple\nbear\n");
        let error = format!("{:#}", cifar100(dir, Labels::Fine).unwrap_err());
        assert!(error.contains("train.bin is damaged") && error.contains("label 2"), "{error}");
        write(dir, "train.bin", &record(0, 0)[1..]);
        let error = format!("{:#}", cifar100(dir, Labels::Fine).unwrap_err());
        assert!(error.contains("3073 bytes, not a multiple of the 3074"), "{error}");
    }

    #[test]
    fn the_usual_mistakes_are_recognised() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        assert!(!is_in(dir), "nothing");
        ["train", "test", "meta"].into_iter().for_each(|name| write(dir, name, "pickle"));
        assert!(is_in(dir), "the Python version");
        let error = format!("{:#}", cifar100(dir, Labels::Fine).unwrap_err());
        assert!(error.contains("Python version"), "{error}");
        fs::create_dir(dir.join(INNER)).unwrap();
        let error = format!("{:#}", cifar100(dir, Labels::Fine).unwrap_err());
        assert!(error.contains("one level deeper"), "{error}");
    }
}
