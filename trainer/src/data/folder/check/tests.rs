//! Directories with one fault each.

use super::*;
use image::{Rgb, RgbImage};
use std::fs;

/// Writes `count` pictures, no two alike, of 40 × 40 pixels.
fn pictures(dir: &Path, first: u8, count: u8) {
    fs::create_dir_all(dir).unwrap();
    for index in first..first + count {
        RgbImage::from_pixel(40, 40, Rgb([index, 7, 7]))
            .save(dir.join(format!("{index}.png")))
            .unwrap();
    }
}

fn look(dir: &Path) -> FolderCheck {
    check(dir, |_, _| {}).unwrap()
}

/// The one finding, as severity and text.
fn only(dir: &Path) -> (Severity, String) {
    let found = look(dir).findings;
    assert_eq!(found.len(), 1, "{found:#?}");
    (found[0].severity, found[0].lines(99).join("\n"))
}

/// Two good classes.
fn good() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    pictures(&directory.path().join("cat"), 0, 30);
    pictures(&directory.path().join("dog"), 100, 40);
    directory
}

#[test]
fn nothing_is_wrong_with_a_good_directory() {
    let directory = good();
    let found = look(directory.path());
    assert_eq!(found.findings, [], "findings");
    let cat = ClassCheck {
        name: "cat".into(),
        pictures: 30,
        validation_pictures: None,
        test_pictures: None,
        sizes: Some([(40, 40); 2]),
    };
    assert_eq!((&found.classes[0], found.classes.len()), (&cat, 2), "classes");
}

#[test]
fn each_mistake_is_reported() {
    let with = |change: fn(&Path)| {
        let directory = good();
        change(directory.path());
        only(directory.path())
    };
    let (severity, text) = with(|dir| fs::write(dir.join("dog/b.jpg"), "no picture").unwrap());
    assert_eq!(severity, Severity::Warning, "broken");
    assert!(
        text.contains("cannot be used and are left out: 1\n    dog/b.jpg is not a pic"),
        "{text}"
    );

    let (severity, text) = with(|dir| {
        // In another file format, because the pixels decide.
        image::open(dir.join("cat/3.png")).unwrap().save(dir.join("dog/copy.bmp")).unwrap();
    });
    assert_eq!(severity, Severity::Problem, "two classes");
    assert!(
        text.contains("in more than one class, although at most one class can be right: 1"),
        "{text}"
    );
    assert!(text.ends_with("cat/3.png = dog/copy.bmp"), "{text}");

    let (severity, text) = with(|dir| {
        fs::copy(dir.join("cat/3.png"), dir.join("cat/copy.png")).unwrap();
    });
    assert_eq!(severity, Severity::Warning, "same class");
    assert!(text.contains("more than once in their class"), "{text}");

    let (_, text) = with(|dir| pictures(&dir.join("dog"), 140, 60));
    assert!(text.contains("class dog has 100 pictures and class cat has 30"), "{text}");
    let (_, text) = with(|dir| RgbImage::new(31, 60).save(dir.join("cat/a.png")).unwrap());
    assert!(text.contains("smaller than 32 x 32") && text.ends_with("a.png: 31 x 60"), "{text}");
    let (_, text) = with(|dir| RgbImage::new(81, 40).save(dir.join("cat/a.png")).unwrap());
    assert!(text.contains("more than 2 times as long"), "{text}");
    let (severity, text) = with(|dir| fs::create_dir(dir.join("cat/more")).unwrap());
    assert!(severity == Severity::Warning && text.ends_with("cat/more"), "{text}");
    let (severity, text) = with(|dir| fs::write(dir.join(".DS_Store"), "x").unwrap());
    assert!(severity == Severity::Note && text.ends_with("    .DS_Store"), "{text}");
}

#[test]
fn too_few_pictures_are_a_problem_and_few_a_warning() {
    for (count, expected) in [(2, Severity::Problem), (29, Severity::Warning)] {
        let directory = tempfile::tempdir().unwrap();
        pictures(&directory.path().join("cat"), 0, 30);
        pictures(&directory.path().join("dog"), 100, count);
        let found = look(directory.path()).findings;
        let about = format!("dog: {count}");
        let finding = found.iter().find(|finding| finding.files == [about.clone()]);
        assert_eq!(finding.map(|finding| finding.severity), Some(expected), "{found:#?}");
    }
}

#[test]
fn pictures_to_test_on_are_none_to_learn_from() {
    let directory = tempfile::tempdir().unwrap();
    for (class, first, count) in [("cat", 0, 30), ("dog", 100, 1)] {
        pictures(&directory.path().join("train").join(class), first, count);
        pictures(&directory.path().join("test").join(class), first + 30, 5);
    }
    let found = look(directory.path()).findings;
    let finding = found.iter().find(|finding| finding.files == ["dog: 6, 5 of them for test"]);
    assert_eq!(finding.map(|finding| finding.severity), Some(Severity::Problem), "{found:#?}");
}

#[test]
fn training_and_test_pictures_must_differ() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    for (class, first) in [("cat", 0), ("dog", 100)] {
        pictures(&dir.join("train").join(class), first, 30);
        pictures(&dir.join("val").join(class), first + 30, 4);
        pictures(&dir.join("test").join(class), first + 40, 5);
    }
    assert_eq!(look(dir).findings, [], "apart");
    let dog = &look(dir).classes[1];
    assert_eq!((dog.test_pictures, dog.validation_pictures), (Some(5), Some(4)), "each part");
    for part in ["test", "val"] {
        let copy = dir.join(part).join("cat/1.png");
        fs::copy(dir.join("train/cat/1.png"), &copy).unwrap();
        let (severity, text) = only(dir);
        assert_eq!(severity, Severity::Problem, "leak");
        assert!(
            text.contains("in more than one of the folders for training, validation"),
            "{text}"
        );
        fs::remove_file(copy).unwrap();
    }
    fs::rename(dir.join("test/dog"), dir.join("test/wolf")).unwrap();
    let found = look(dir);
    assert_eq!(
        (found.count(Severity::Problem), found.count(Severity::Warning)),
        (2, 1),
        "{found:#?}"
    );
}
