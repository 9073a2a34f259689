use std::fs;
use std::path::Path;

use super::*;
use crate::report;

const CONFIG: &str = r#"{"preset":"micro","network":{},"recipe":{"epochs":40}}"#;

/// Writes files with their own names as content, but the settings of a run for `config.json`.
fn write(directory: &Path, files: &[&str]) {
    for file in files {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if *file == CONFIG_FILE { CONFIG } else { file }).unwrap();
    }
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()).iter().map(|below| format!("{name}/{below}")));
            if fs::read_dir(entry.path()).unwrap().next().is_none() {
                found.push(format!("{name}/"));
            }
        } else {
            found.push(name);
        }
    }
    found.sort_unstable();
    found
}

fn refused(directory: &Path, before: Before) -> String {
    let there = files(directory);
    let error = RunDirectory::new(directory, before, &[]).unwrap_err();
    assert_eq!(files(directory), there, "a refusal changes nothing");
    format!("{error:#}")
}

const RUN: [&str; 4] = [CONFIG_FILE, BEST_FILE, METRICS_FILE, CURVES_FILE];

#[test]
fn an_earlier_run_is_moved_with_its_report_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for number in 1..=2 {
        write(path, &RUN);
        write(&path.join(VALIDATION), &report::FILES);
        write(path, &["model.bin", "validation/photo.jpg"]);
        let mut run = RunDirectory::new(path, Before::Move, &[]).unwrap();
        assert!(path.join(BEST_FILE).exists(), "nothing is moved before the run begins");
        run.clear().unwrap();
        drop(run);
        let moved = files(&path.join(format!("earlier-{number}")));
        let expected = [
            "best.mpk",
            "config.json",
            "curves.svg",
            "metrics.csv",
            "validation/confusion.csv",
            "validation/confusion.svg",
            "validation/mistakes.csv",
            "validation/mistakes.png",
        ];
        assert_eq!(moved, expected, "the run");
        let stays = files(path).into_iter().filter(|file| !file.starts_with("earlier-"));
        assert_eq!(stays.collect::<Vec<_>>(), ["model.bin", "validation/photo.jpg"], "the rest");
    }
}

#[test]
fn an_earlier_run_in_a_named_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &RUN);
    let error = refused(directory.path(), Before::Refuse);
    assert!(error.contains("earlier run") && error.contains("--overwrite"), "{error}");
    let mut run = RunDirectory::new(directory.path(), Before::Overwrite, &[]).unwrap();
    run.clear().unwrap();
    drop(run);
    assert_eq!(files(directory.path()), [""; 0], "told to");
}

#[test]
fn an_interrupted_run_is_only_replaced_by_who_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let error = refused(path, Before::Resume);
    assert!(error.contains("no interrupted run"), "{error}");
    write(path, &RUN);
    let error = refused(path, Before::Resume);
    assert!(error.contains("no interrupted run"), "it has ended: {error}");
    write(path, &[RESUME_FILE]);
    fs::write(path.join(METRICS_FILE), "epoch\n1\n2\n3\n").unwrap();
    for before in [Before::Refuse, Before::Move] {
        let error = refused(path, before);
        assert!(error.contains("3 of 40 epochs") && error.contains("--resume"), "{error}");
    }
    let there = files(path);
    let mut run = RunDirectory::new(path, Before::Resume, &[]).unwrap();
    run.clear().unwrap();
    drop(run);
    assert_eq!(files(path), there, "it goes on");
}

#[test]
fn foreign_files_are_no_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(path, &[METRICS_FILE]);
    fs::write(path.join(CONFIG_FILE), r#"{"my": "settings"}"#).unwrap();
    for before in [Before::Refuse, Before::Move] {
        let error = refused(path, before);
        assert!(error.contains("config.json, metrics.csv"), "{error}");
    }
    fs::remove_file(path.join(METRICS_FILE)).unwrap();
    fs::remove_file(path.join(CONFIG_FILE)).unwrap();
    write(path, &["notes.txt"]);
    drop(RunDirectory::new(path, Before::Refuse, &[]).unwrap());
    assert_eq!(files(path), ["notes.txt"], "no run would replace it");
}

#[test]
fn directories_with_the_name_of_a_file_are_refused_before_a_file_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(path, &[CONFIG_FILE, METRICS_FILE]);
    fs::create_dir(path.join(BEST_FILE)).unwrap();
    for before in [Before::Refuse, Before::Move, Before::Overwrite, Before::Resume] {
        let error = refused(path, before);
        assert!(error.contains("best.mpk is a directory") && error.contains("--out"), "{error}");
    }
}

#[test]
fn settings_without_a_run_are_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &[CONFIG_FILE, ".ocelli-a1b2c3.part"]);
    let mut run = RunDirectory::new(directory.path(), Before::Refuse, &[]).unwrap();
    run.clear().unwrap();
    drop(run);
    let moved = directory.path().join("earlier-1").join(CONFIG_FILE);
    assert!(moved.is_file() && !directory.path().join(CONFIG_FILE).exists(), "the settings");
    let leftover = directory.path().join(".ocelli-a1b2c3.part");
    assert!(!leftover.exists(), "a leftover");
}

#[test]
fn a_directory_is_made_when_the_run_begins() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("runs/new");
    let mut first = RunDirectory::new(&path, Before::Refuse, &[]).unwrap();
    let mut second = RunDirectory::new(&path, Before::Refuse, &[]).unwrap();
    assert_eq!(files(directory.path()), [""; 0], "not made by asking");
    first.clear().unwrap();
    for before in [Before::Refuse, Before::Overwrite, Before::Move] {
        let error = RunDirectory::new(&path, before, &[]).unwrap_err().to_string();
        assert!(error.contains("another run"), "{error}");
    }
    let error = second.clear().unwrap_err().to_string();
    assert!(error.contains("another run"), "the first one came first: {error}");
    drop(first);
    assert_eq!(files(directory.path()), [""; 0], "nothing was written");
    second.clear().unwrap();
    write(&path, &[CONFIG_FILE]);
    drop(second);
    assert_eq!(files(directory.path()), ["runs/new/config.json"], "something was written");
    for below in ["config.json", "config.json/run"] {
        let error = RunDirectory::new(&path.join(below), Before::Refuse, &[]).unwrap_err();
        assert!(format!("{error:#}").contains("--out"), "{error:#}");
    }
}

#[test]
fn a_run_does_not_replace_what_it_reads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(path, &RUN);
    let link = path.join("teacher.mpk");
    fs::hard_link(path.join(BEST_FILE), &link).unwrap();
    for before in [Before::Refuse, Before::Move, Before::Overwrite, Before::Resume] {
        let error = RunDirectory::new(path, before, &[&link]).unwrap_err();
        assert!(format!("{error:#}").contains("teacher.mpk"), "{error:#}");
    }
}
