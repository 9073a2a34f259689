//! The user's own pictures: a directory with one folder of pictures for each class.

pub(super) mod check;
mod fit;
mod listing;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rayon::prelude::*;
use runtime::config::ImageSpec;

use super::dataset::{DataSource, Dataset};
use super::images::Images;
use super::split::split;
use listing::{MIN_PICTURES, Pictures, classes, enough};

/// Share of each class that becomes test images if there is no folder of test pictures.
const TEST_SHARE: f64 = 0.1;
/// Seed of their choice. It is the same in every run, so that no run trains on the test images of another.
const TEST_SEED: u64 = 0;

/// Images read from folders.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) dataset: Dataset,
    /// Files that could not be read as pictures, with the reason.
    pub(super) skipped: Vec<(PathBuf, String)>,
}

/// Reads images of this size from `dir/CLASS/…`, of which a tenth become test images, or `dir/train/CLASS/…` and
/// `dir/test/CLASS/…`. The classes are the folders in alphabetical order. `progress` receives the number
/// of files read since the last call, and the total.
///
/// # Errors
/// If there are fewer than two classes, or if a class has fewer than three pictures that can be read: one
/// to test on, one to train on and one to choose the best epoch by.
pub(super) fn folder(
    dir: &Path,
    size: ImageSpec,
    progress: impl Fn(usize, usize) + Sync,
) -> Result<Folder> {
    let (train, test) = (dir.join("train"), dir.join("test"));
    let apart = train.is_dir() && test.is_dir();
    let classes = classes(if apart { &train } else { dir })?;
    let mut skipped = Vec::new();
    let mut read = |dir: &Path| -> Result<Images> {
        let (images, failed) = read_all(&Pictures::list(dir, &classes)?, size, &progress)?;
        skipped.extend(failed);
        Ok(images)
    };
    let (train, test) = if apart {
        // Shuffled, because otherwise the first images would all be of one class.
        (read(&train)?.sample(usize::MAX, TEST_SEED), read(&test)?)
    } else {
        split(&read(dir)?, TEST_SHARE, TEST_SEED)
    };
    for (class, name) in classes.iter().enumerate() {
        let count = |images: &Images| {
            images.labels().iter().filter(|&&label| usize::from(label) == class).count()
        };
        let (found, test) = (count(&train) + count(&test), count(&test));
        ensure!(
            enough(found - test, test),
            "class {name} has {found} pictures that can be read, {test} of them for the test: add pictures, at \
             least {MIN_PICTURES} are needed, one for the test and two for training; use dozens for a good accuracy",
        );
    }
    Ok(Folder { dataset: Dataset { train, test, classes, source: DataSource::Custom }, skipped })
}

/// The pictures in order, and what could not be read.
fn read_all(
    pictures: &Pictures,
    size: ImageSpec,
    progress: &(impl Fn(usize, usize) + Sync),
) -> Result<(Images, Vec<(PathBuf, String)>)> {
    let total = pictures.files.len();
    let read = |(path, _): &(PathBuf, u16)| {
        let found = fit::read(path, size);
        progress(1, total);
        found
    };
    let found: Vec<_> = pictures.files.par_iter().map(read).collect();
    let (mut pixels, mut labels, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for ((path, label), found) in pictures.files.iter().zip(found) {
        match found {
            Ok(bytes) => {
                pixels.extend(bytes);
                labels.push(*label);
            }
            Err(error) => failed.push((path.clone(), error.to_string())),
        }
    }
    Ok((Images::new(size.height.into(), size.width.into(), pixels, labels)?, failed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::CIFAR10_SIZE;
    use std::fs;

    use image::{Rgb, RgbImage};

    /// Writes `count` pictures of one colour, of different sizes and formats.
    fn pictures(dir: &Path, colour: [u8; 3], count: u32) {
        fs::create_dir_all(dir).unwrap();
        for index in 0..count {
            let format = ["png", "jpg", "bmp"][index as usize % 3];
            let picture = RgbImage::from_pixel(40 + index, 33 + 2 * index, Rgb(colour));
            picture.save(dir.join(format!("{index}.{format}"))).unwrap();
        }
    }

    fn read(dir: &Path) -> Result<Folder> {
        folder(dir, CIFAR10_SIZE, |_, _| {})
    }

    #[test]
    fn folders_become_classes() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        pictures(&dir.join("sky"), [0, 0, 255], 20);
        pictures(&dir.join("grass"), [0, 255, 0], 12);
        fs::write(dir.join("sky/.hidden"), "no picture").unwrap();
        fs::write(dir.join("sky/notes.txt"), "no picture").unwrap();
        fs::write(dir.join("readme.txt"), "no class").unwrap();
        let Folder { dataset, skipped } = read(dir).unwrap();
        assert_eq!(dataset.classes, ["grass", "sky"], "in alphabetical order");
        assert_eq!((dataset.train.len(), dataset.test.len()), (29, 3), "a tenth of each class");
        assert_eq!(dataset.source, DataSource::Custom, "source");
        for images in [&dataset.train, &dataset.test] {
            for index in 0..images.len() {
                let blue = images.image(index)[2] > 200;
                assert_eq!(usize::from(images.label(index)), usize::from(blue), "image {index}");
            }
        }
        assert_eq!(skipped.len(), 1, "{skipped:?}");
        assert!(skipped[0].0.ends_with("notes.txt"), "{skipped:?}");
    }

    #[test]
    fn test_images_may_lie_apart() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        for (part, count) in [("train", 4), ("test", 2)] {
            pictures(&dir.join(part).join("a"), [10; 3], count);
            pictures(&dir.join(part).join("b"), [240; 3], count);
        }
        let Folder { dataset, .. } = read(dir).unwrap();
        assert_eq!((dataset.train.len(), dataset.test.len()), (8, 4), "as they lie");
        let first = dataset.train.take(4);
        assert!(first.labels().contains(&0) && first.labels().contains(&1), "some of each class");

        fs::remove_dir_all(dir.join("train/b")).unwrap();
        pictures(&dir.join("train/b"), [240; 3], 1);
        let error = read(dir).unwrap_err().to_string();
        assert!(
            error.contains("class b has 3 pictures") && error.contains("two for training"),
            "{error}"
        );
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        let refusal = || format!("{:#}", read(dir).unwrap_err());
        assert!(refusal().contains("has no folders"), "nothing");
        pictures(&dir.join("cat"), [1; 3], 5);
        assert!(refusal().contains("one class, cat"), "one class");
        pictures(&dir.join("dog"), [2; 3], 2);
        assert!(refusal().contains("class dog has 2 pictures"), "too few");
    }
}
