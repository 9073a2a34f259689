//! Directories of pictures, from files to images.

use super::*;
use crate::data::images::Images;
use std::collections::BTreeSet;
use std::fs;

use image::{Rgb, RgbImage};

/// Writes `count` pictures of about one colour, each different, of different sizes and formats.
fn pictures(dir: &Path, colour: [u8; 3], count: u32) {
    fs::create_dir_all(dir).unwrap();
    for index in 0..count {
        let format = ["png", "jpg", "bmp"][index as usize % 3];
        let picture = RgbImage::from_pixel(40 + index, 33 + 2 * index, Rgb(colour));
        picture.save(dir.join(format!("{index}.{format}"))).unwrap();
    }
}

fn read(dir: &Path) -> Result<Folder> {
    folder(dir, Reading::default(), |_, _| {})
}

fn names(images: &Images) -> BTreeSet<String> {
    (0..images.len()).map(|index| images.name(index).unwrap().to_owned()).collect()
}

/// What is said about a directory that can be read.
fn said(folder: &Folder) -> String {
    folder.findings.iter().flat_map(|finding| finding.lines(99)).collect::<Vec<_>>().join("\n")
}

#[test]
fn folders_become_classes() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(&dir.join("sky"), [0, 0, 255], 40);
    pictures(&dir.join("grass"), [0, 255, 0], 30);
    fs::write(dir.join("sky/.hidden"), "no picture").unwrap();
    fs::write(dir.join("sky/notes.txt"), "no picture").unwrap();
    fs::write(dir.join("readme.txt"), "no class").unwrap();
    let found = read(dir).unwrap();
    let Folder { dataset, .. } = &found;
    assert_eq!(dataset.classes, ["grass", "sky"], "in alphabetical order");
    assert_eq!(dataset.train.len() + dataset.test.len(), 70, "all");
    assert!((2..15).contains(&dataset.test.len()), "{} of 70 to test on", dataset.test.len());
    assert_eq!(dataset.source, DataSource::Pictures, "source");
    for images in [&dataset.train, &dataset.test] {
        for index in 0..images.len() {
            let blue = images.image(index)[2] > 200;
            assert_eq!(usize::from(images.label(index)), usize::from(blue), "image {index}");
            assert_eq!(images.name(index).unwrap().starts_with("sky/"), blue, "its file");
        }
        let labels = images.take(images.len().min(20)).labels().to_vec();
        assert!(labels.contains(&0) && labels.contains(&1), "the first ones are of each class");
    }
    let said = said(&found);
    assert!(said.contains("sky/notes.txt is not a picture"), "{said}");
    assert!(said.contains(".hidden") && said.contains("note: hidden files"), "{said}");
}

#[test]
fn a_test_picture_stays_one_when_others_are_added() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(&dir.join("a"), [200, 0, 0], 60);
    pictures(&dir.join("b"), [0, 200, 0], 60);
    let test = |dir: &Path| names(&read(dir).unwrap().dataset.test);
    let before = test(dir);
    // Both classes have test pictures without the rule about the lowest digest.
    assert!(before.iter().any(|name| name.starts_with("a/")), "{before:?}");
    assert!(before.iter().any(|name| name.starts_with("b/")), "{before:?}");
    for added in ["a/000.png", "a/zz.png", "b/5a.png"] {
        RgbImage::from_pixel(50, 50, Rgb([1, 2, added.len() as u8])).save(dir.join(added)).unwrap();
        let mut after = test(dir);
        after.remove(added);
        assert_eq!(after, before, "{added} is added");
    }
    let tested = before.iter().next().unwrap();
    fs::rename(dir.join(tested), dir.join("b/renamed.png")).unwrap();
    assert!(test(dir).contains("b/renamed.png"), "renamed and in another class, still tested");
    fs::copy(dir.join("b/renamed.png"), dir.join("b/copy.png")).unwrap();
    assert!(test(dir).contains("b/copy.png"), "copies are in the same part");
}

#[test]
fn the_first_versions_chose_other_test_images() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(&dir.join("a"), [200, 0, 0], 20);
    pictures(&dir.join("b"), [0, 200, 0], 12);
    let reading = Reading { held_out: HeldOut::Shuffled, ..Reading::default() };
    let Folder { dataset, .. } = folder(dir, reading, |_, _| {}).unwrap();
    assert_eq!(
        (dataset.train.len(), dataset.test.len()),
        (29, 3),
        "a tenth of each class, rounded"
    );
    assert_eq!(
        dataset.source,
        DataSource::Custom,
        "networks of the first versions keep their test images"
    );
}

#[test]
fn parts_are_found_under_many_names() {
    for (train, validation, test) in [
        ("train", None, Some("test")),
        ("Train", Some("Val"), None),
        ("training", Some("valid"), Some("testing")),
        ("TRAIN", Some("validation"), Some("Test")),
        ("train", None, None),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let dir = directory.path();
        for (part, count) in [(Some(train), 9), (validation, 4), (test, 2)] {
            let Some(part) = part else { continue };
            pictures(&dir.join(part).join("a"), [10, count as u8, 0], count);
            pictures(&dir.join(part).join("b"), [240, count as u8, 0], count);
        }
        let found = read(dir).unwrap();
        let Folder { dataset, .. } = &found;
        let about = format!("{train}, {validation:?}, {test:?}");
        assert_eq!(dataset.classes, ["a", "b"], "{about}");
        let validated = dataset.validation.as_ref().map(Images::len);
        assert_eq!(validated, validation.map(|_| 8), "{about}");
        if test.is_some() {
            assert_eq!((dataset.train.len(), dataset.test.len()), (18, 4), "{about}");
        } else {
            assert_eq!(dataset.train.len() + dataset.test.len(), 18, "{about}");
            assert!(dataset.test.len() >= 2, "some of each class: {about}");
            assert!(said(&found).contains("no folder test"), "{about}: {}", said(&found));
        }
    }
}

#[test]
fn each_class_needs_pictures_of_each_part() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    for (part, count) in [("train", 4), ("test", 2)] {
        pictures(&dir.join(part).join("a"), [10; 3], count);
        pictures(&dir.join(part).join("b"), [240; 3], count);
    }
    assert!(read(dir).is_ok(), "enough");
    fs::remove_dir_all(dir.join("train/b")).unwrap();
    pictures(&dir.join("train/b"), [240; 3], 1);
    let error = read(dir).unwrap_err().to_string();
    assert!(
        error.contains("class b has 3 pictures") && error.contains("two for training"),
        "{error}"
    );
    fs::remove_dir_all(dir.join("test/a")).unwrap();
    let error = read(dir).unwrap_err().to_string();
    assert!(error.contains("folders of classes that are missing: 1: test/a"), "{error}");
}

#[test]
fn a_class_of_broken_files_is_refused_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(&dir.join("cat"), [1; 3], 5);
    fs::create_dir(dir.join("fox")).unwrap();
    for index in 0..12 {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        fs::write(dir.join(format!("fox/IMG_{index}.jpg")), heic).unwrap();
    }
    let error = read(dir).unwrap_err().to_string();
    assert!(error.contains("class fox has 0 pictures"), "{error}");
    assert!(error.contains("fox/IMG_0.jpg is HEIC: convert it"), "{error}");
}

#[test]
fn a_cut_picture_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(&dir.join("cat"), [1; 3], 6);
    pictures(&dir.join("dog"), [99; 3], 6);
    let whole = fs::read(dir.join("cat/1.jpg")).unwrap();
    fs::write(dir.join("cat/cut.jpg"), &whole[..whole.len() / 2]).unwrap();
    let found = read(dir).unwrap();
    assert_eq!(found.dataset.train.len() + found.dataset.test.len(), 12, "without it");
    assert!(said(&found).contains("cat/cut.jpg is cut short"), "{}", said(&found));
}
