//! The golden files: every kernel set and the integer reference reproduce every pinned hash, for
//! every format version, and regenerating gives the same bytes.

use runtime::format::VERSION;
use runtime::{Kernels, Model};
use std::path::{Path, PathBuf};
use tests::golden::{Golden, directory, sites};
use tests::integer_reference::{Answer, IntegerReference};
use tests::observed;

const REGENERATE: &str = "if the change is meant, run `cargo run -p tests --bin regen_golden` and \
                          say in CHANGELOG.md what changed";

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Blobs of all format versions whose hashes are pinned site by site.
fn pinned() -> Vec<PathBuf> {
    let mut blobs = Vec::new();
    for version in 1..=VERSION {
        let directory = directory(version);
        let entries = std::fs::read_dir(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let found = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sites"))
            .map(|path| path.with_extension("bin"));
        let before = blobs.len();
        blobs.extend(found);
        assert!(blobs.len() >= before + 2, "{}: too few blobs", directory.display());
    }
    blobs
}

/// Compares line by line, so that the first difference names its site.
fn compare(path: &Path, who: &str, answer: &Answer) {
    let expected = String::from_utf8(read(&path.with_extension("sites"))).unwrap();
    let found = sites(answer);
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(
            found,
            expected,
            "{}, {who}: this site differs first; {REGENERATE}",
            path.display()
        );
    }
    assert_eq!(found, expected, "{}, {who}: number of sites", path.display());
}

#[test]
fn every_kernel_set_reproduces_the_pinned_hashes() {
    for path in pinned() {
        let (blob, image) = (read(&path), read(&path.with_extension("rgb")));
        let model = Model::parse(&blob).unwrap();
        for kernels in Kernels::all() {
            let model = model.clone().with_kernels(kernels);
            let answer = observed::answer(&model, &image).unwrap();
            compare(&path, &format!("{kernels:?}"), &answer);
        }
    }
}

#[test]
fn the_reference_reproduces_the_pinned_hashes() {
    for path in pinned() {
        let (blob, image) = (read(&path), read(&path.with_extension("rgb")));
        compare(&path, "reference", &IntegerReference::new(&blob).run(&image));
    }
}

#[test]
fn regenerating_gives_the_same_bytes() {
    for golden in Golden::all() {
        for (name, expected) in golden.files() {
            let found = read(&directory(VERSION).join(&name));
            let first = found.iter().zip(&expected).position(|(found, expected)| found != expected);
            assert_eq!(
                (found.len(), first),
                (expected.len(), None),
                "{name}: length and first byte that differs; {REGENERATE}"
            );
        }
    }
}

#[test]
fn blobs_are_small_enough_for_a_microcontroller() {
    for path in pinned() {
        let len = read(&path).len();
        assert!(len < 100_000, "{}: {len} bytes", path.display());
    }
}
