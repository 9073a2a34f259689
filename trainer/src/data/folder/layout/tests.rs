//! Typical directories of users. The files need not be pictures, because none is read.

use super::*;
use std::fs;

/// Makes files of these names, with the folders that they need; a name that ends with a slash is a folder.
fn made(names: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in names {
        let path = directory.path().join(name);
        if name.ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }
    directory
}

/// Classes and what is said about them, or why there are none.
fn found(names: &[&str]) -> Result<(Vec<String>, String), String> {
    found_in(&made(names))
}

fn found_in(directory: &tempfile::TempDir) -> Result<(Vec<String>, String), String> {
    let layout = Layout::find(directory.path())
        .map_err(|error| error.to_string().replace(&*directory.path().to_string_lossy(), "DIR"))?;
    let lines = layout.findings.iter().flat_map(|finding| finding.lines(99)).collect::<Vec<_>>();
    Ok((layout.classes, lines.join("\n")))
}

fn refusal(names: &[&str]) -> String {
    found(names).unwrap_err()
}

#[test]
fn a_plain_directory_has_no_findings() {
    let (classes, said) = found(&["dog/1.png", "cat/1.png", "cat/2.JPG"]).unwrap();
    assert_eq!((classes, said.as_str()), (vec!["cat".into(), "dog".into()], ""), "two classes");
}

#[test]
fn rubbish_and_our_own_output_are_no_classes() {
    let (classes, said) = found(&[
        "cat/1.png",
        "cat/Thumbs.db",
        "dog/1.png",
        "__MACOSX/cat/._1.png",
        "@eaDir/x.png",
        ".DS_Store",
        "validation/confusion.csv",
        "validation/confusion.svg",
        "validation/mistakes.png",
        "runs/one/config.json",
        "runs/one/metrics.csv",
    ])
    .unwrap();
    assert_eq!(classes, ["cat", "dog"], "classes");
    assert!(
        said.contains("note: folders that these programs wrote, which are left out: 2"),
        "{said}"
    );
    assert!(said.contains("cat/Thumbs.db"), "{said}");
    assert!(said.contains("other programs left, which are left out: 4"), "{said}");
}

#[test]
fn folders_of_classes_without_pictures_are_reported() {
    let (classes, said) = found(&["bird/", "cat/1.png", "dog/1.png", "fox/2020/1.png"]).unwrap();
    assert_eq!(classes.len(), 4, "{classes:?}");
    assert!(said.starts_with("problem: folders of classes without a picture: 2"), "{said}");
    assert!(said.contains("bird: it is empty, so fill it or remove it"), "{said}");
    assert!(said.contains("fox: its pictures are in folders inside, so move them up"), "{said}");
    let (_, said) = found(&["cat/1.png", "cat/old/2.png", "dog/1.png", "3.png"]).unwrap();
    assert!(
        said.contains("folders inside the folders of classes") && said.contains("cat/old"),
        "{said}"
    );
    assert!(said.contains("pictures outside the folders") && said.contains("    3.png"), "{said}");
}

#[test]
fn a_part_is_used_or_named() {
    let (classes, said) =
        found(&["train/a/1.png", "train/b/1.png", "TEST/1.png", "labels/x.txt"]).unwrap();
    assert_eq!(classes, ["a", "b"], "of the training");
    assert!(said.contains("in no folder of a class, which are left out: 1\n    TEST"), "{said}");
    assert!(
        said.contains("beside the one for training, which are left out: 1\n    labels"),
        "{said}"
    );
    assert!(said.contains("no folder test has"), "{said}");
    let (_, said) =
        found(&["train/a/1.png", "train/b/1.png", "val/a/1.png", "val/c/1.png"]).unwrap();
    assert!(said.contains("warning: folders of classes that are missing: 1\n    val/b"), "{said}");
    assert!(
        said.contains("not a class of the pictures for training") && said.contains("val/c"),
        "{said}"
    );
    let error = refusal(&["val/a/1.png", "val/b/1.png", "test/a/1.png", "test/b/1.png"]);
    assert!(
        error.contains("a folder val with") && error.contains("call that one train"),
        "{error}"
    );
    let error = refusal(&["train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"]);
    assert!(error.contains("two folders with the same role, val and valid"), "{error}");
}

#[test]
fn a_class_may_have_the_name_of_a_part() {
    let (classes, said) = found(&["bus/1.png", "car/1.png", "train/1.png"]).unwrap();
    assert_eq!((classes.len(), said.as_str()), (3, ""), "vehicles");
}

#[test]
fn other_layouts_are_recognised() {
    let error = refusal(&[]);
    assert!(error.contains("has no folders: put the pictures"), "{error}");
    let error = refusal(&["cat/1.png"]);
    assert!(error.contains("has one class, cat"), "{error}");
    let error = refusal(&["data/cat/1.png", "data/dog/1.png"]);
    assert!(error.contains("one level deeper, try DIR/data"), "{error}");
    let error =
        refusal(&["archive/train/cat/1.png", "archive/train/dog/1.png", "archive/test/cat/1.png"]);
    assert!(error.contains("one level deeper, try DIR/archive"), "{error}");
    let error = refusal(&["cat/img/1.png", "dog/img/1.png"]);
    assert!(error.contains("such as from DIR/cat/img to DIR/cat"), "{error}");
    let error = Layout::find(Path::new("no/such")).unwrap_err().to_string();
    assert_eq!(error, "cannot read no/such: give a directory of pictures");
    let flat = ["cat.0.jpg", "cat.1.jpg", "cat.2.jpg", "dog.0.jpg", "dog.1.jpg", "dog.2.jpg"];
    let error = refusal(&[&flat[..], &["labels.csv"]].concat());
    assert!(
        error.contains("has 6 pictures but no folders") && error.contains("DIR/cat"),
        "{error}"
    );
    assert!(error.contains("begin with cat, dog; labels.csv may have"), "{error}");
    let kaggle = flat.map(|name| format!("train/{name}"));
    let mut kaggle = kaggle.iter().map(String::as_str).collect::<Vec<_>>();
    kaggle.extend(["test/1.jpg", "test/2.jpg"]);
    let error = refusal(&kaggle);
    assert!(error.contains("test, train of DIR are in no folders of classes"), "{error}");
    assert!(error.contains("DIR/train/cat") && error.contains("begin with cat, dog"), "{error}");
    let directory = made(&["cat/1.png", "dog/1.png"]);
    let error = Layout::find(&directory.path().join("cat")).unwrap_err().to_string();
    assert!(error.contains("or give") && error.contains("which has 2 folders"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_broken_link_is_reported() {
    let directory = made(&["cat/1.png", "dog/1.png", "fox/"]);
    let link = |name: &str| {
        std::os::unix::fs::symlink("/mnt/gone\n1", directory.path().join(name)).unwrap();
    };
    ["cat/x.png", "fox/x.png"].into_iter().for_each(link);
    let (_, said) = found_in(&directory).unwrap();
    assert!(said.contains("links to files that do not exist, which are left out: 2"), "{said}");
    assert!(said.contains("cat/x.png -> /mnt/gone\\n1"), "escaped: {said}");
    assert!(said.contains("fox: it has only links to files that do not exist"), "{said}");
    link("bird");
    let error = found_in(&directory).unwrap_err();
    assert!(error.contains("DIR/bird is a link to /mnt/gone\\n1, which does not exist"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_name_that_steers_the_terminal_is_refused_and_escaped() {
    let error = refusal(&["cat/1.png", "\u{1b}[31mdog/1.png"]);
    assert!(error.contains("\\u{1b}[31mdog contains control characters"), "{error}");
}
