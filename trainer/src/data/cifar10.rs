//! CIFAR-10 from a directory, in its binary version.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::dataset::{DataSource, Dataset};
use super::images::Images;
use super::planes::{PLANE_BYTES, append_pixels};
use super::size::SIDE;

/// Names of the classes, in the order of the labels.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Files with the training images, in their order.
pub(super) const TRAIN_FILES: [&str; 5] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
];
/// The file with the test images.
pub(super) const TEST_FILE: &str = "test_batch.bin";
const RECORDS_PER_FILE: usize = 10_000;
/// A label byte, then a red, a green and a blue plane, rows top to bottom.
const RECORD_BYTES: usize = 1 + 3 * PLANE_BYTES;
/// Length of every file.
pub(super) const FILE_BYTES: usize = RECORDS_PER_FILE * RECORD_BYTES;
const REMEDY: &str = "the directory must be the unpacked binary version of CIFAR-10 \
    (https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz)";

/// Reads all 50,000 training and 10,000 test images from the directory of the binary version, in
/// the order of the files: `data_batch_1.bin` to `data_batch_5.bin`, and `test_batch.bin`.
///
/// # Errors
/// If a file cannot be read, has another length than 10,000 records, or holds a label above 9;
/// the message names the file and says what to do.
///
/// # Source
/// Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.
pub fn cifar10(dir: &Path) -> Result<Dataset> {
    Ok(Dataset {
        train: read_files(dir, &TRAIN_FILES)?,
        validation: None,
        test: read_files(dir, &[TEST_FILE])?,
        classes: CLASSES.map(String::from).to_vec(),
        source: DataSource::Cifar10,
    })
}

fn read_files(dir: &Path, names: &[&str]) -> Result<Images> {
    let count = names.len() * RECORDS_PER_FILE;
    let mut pixels = Vec::with_capacity(count * 3 * PLANE_BYTES);
    let mut labels = Vec::with_capacity(count);
    for name in names {
        let path = dir.join(name);
        let bytes = read_file(&path).with_context(|| remedy(dir))?;
        append_records(&bytes, &mut pixels, &mut labels)
            .with_context(|| format!("{} is damaged; {REMEDY}", path.display()))?;
    }
    Images::new(SIDE, SIDE, pixels, labels)
}

/// Reads one file whole; the length is checked before memory is allocated for it.
fn read_file(path: &Path) -> Result<Vec<u8>> {
    let expected = FILE_BYTES;
    let found = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if found.len() != expected as u64 {
        bail!(
            "{} has {} bytes, not {expected} ({RECORDS_PER_FILE} records of {RECORD_BYTES})",
            path.display(),
            found.len()
        );
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(bytes.len() == expected, "{} changed while it was read", path.display());
    Ok(bytes)
}

/// What to do about a directory that does not hold the files, as far as it can be guessed.
fn remedy(dir: &Path) -> String {
    let inner = dir.join("cifar-10-batches-bin");
    if inner.is_dir() {
        format!("the files seem to be one level deeper: try {}", inner.display())
    } else if dir.join("data_batch_1").is_file() {
        format!("{} seems to hold the Python version; {REMEDY}", dir.display())
    } else {
        format!("cannot read CIFAR-10 from {}; {REMEDY}", dir.display())
    }
}

/// Appends the images and labels of whole records, from planes to row, column, channel.
fn append_records(bytes: &[u8], pixels: &mut Vec<u8>, labels: &mut Vec<u16>) -> Result<()> {
    for (index, record) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
        let label = record[0];
        ensure!(
            usize::from(label) < CLASSES.len(),
            "record {index} has label {label}, but labels are 0 to {}",
            CLASSES.len() - 1
        );
        labels.push(label.into());
        append_pixels(&record[1..], pixels);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record whose planes count up from 0, 100 and 200, modulo 256.
    fn record(label: u8) -> Vec<u8> {
        let plane = |start: usize| (start..start + PLANE_BYTES).map(|value| value as u8);
        [label].into_iter().chain(plane(0)).chain(plane(100)).chain(plane(200)).collect()
    }

    #[test]
    fn planes_become_pixels() {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        append_records(&[record(3), record(9)].concat(), &mut pixels, &mut labels).unwrap();
        assert_eq!(labels, [3, 9], "labels");
        assert_eq!(pixels.len(), 2 * 3 * PLANE_BYTES, "length");
        assert_eq!(pixels[..6], [0, 100, 200, 1, 101, 201], "first two pixels");
        let (row, column) = (5, 7);
        let at = 3 * (row * SIDE + column);
        assert_eq!(pixels[at..at + 3], [167, 11, 111], "pixel of row 5, column 7");
    }

    #[test]
    fn an_unknown_label_is_refused() {
        let bytes = [record(0), record(10)].concat();
        let error = append_records(&bytes, &mut Vec::new(), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("record 1 has label 10"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let error = format!("{:#}", cifar10(dir.path()).unwrap_err());
        assert!(error.contains("data_batch_1.bin"), "{error}");
        assert!(error.contains("cifar-10-binary.tar.gz"), "{error}");
    }

    #[test]
    fn the_usual_mistakes_are_recognised() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data_batch_1"), "pickle").unwrap();
        let error = format!("{:#}", cifar10(dir.path()).unwrap_err());
        assert!(error.contains("Python version"), "{error}");
        fs::create_dir(dir.path().join("cifar-10-batches-bin")).unwrap();
        let error = format!("{:#}", cifar10(dir.path()).unwrap_err());
        assert!(error.contains("one level deeper"), "{error}");
    }

    #[test]
    fn a_short_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data_batch_1.bin"), record(0)).unwrap();
        let error = format!("{:#}", cifar10(dir.path()).unwrap_err());
        assert!(error.contains("has 3073 bytes, not 30730000"), "{error}");
    }
}
