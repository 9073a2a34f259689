//! No file of a user is lost.

use std::path::Path;
use std::process::{Command, Output};

use super::{refusal, text, trainer};

const SIZE: [&str; 7] =
    ["--preset", "vit-64x4", "--train-images", "100", "--epochs", "1", "--json"];

fn run(args: &[&str]) -> Output {
    trainer(&[&SIZE[..], args].concat())
}

fn succeeds(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// The content of every file below a directory, by its path.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let below = contents(&entry.path()).into_iter();
            found.extend(below.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn a_second_run_in_one_directory_needs_overwrite() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    succeeds(&run(&["--out", text(&out)]));
    let first = contents(&out);
    let error = refusal(&run(&["--out", text(&out), "--seed", "2"]), 1);
    assert!(error.contains("earlier run") && error.contains("--overwrite"), "{error}");
    assert!(contents(&out) == first, "as it was");
    let error = refusal(&run(&["--out", text(&out), "--resume"]), 1);
    assert!(error.contains("no interrupted run"), "{error}");
    assert!(contents(&out) == first, "as it was");

    // The validation report is a part of the run.
    let (best, report) = (out.join("best.mpk"), out.join("validation"));
    let error = refusal(&trainer(&["eval", text(&best), "--report", text(&report)]), 1);
    assert!(error.contains("confusion.csv is there already"), "{error}");
    assert!(contents(&out) == first, "as it was");
    let copy = out.join("mistakes.png");
    std::fs::copy(&best, &copy).unwrap();
    let args = ["eval", text(&copy), "--report", text(&out), "--overwrite"];
    let error = refusal(&trainer(&args), 1);
    assert!(error.contains("mistakes.png would be replaced"), "{error}");
    std::fs::remove_file(&copy).unwrap();
    assert!(contents(&out) == first, "as it was");

    succeeds(&run(&["--out", text(&out), "--seed", "2", "--overwrite"]));
    let names =
        |all: &[(String, Vec<u8>)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let second = contents(&out);
    assert_eq!(names(&second), names(&first), "the same files");
    assert!(second != first, "of another run");
}

#[test]
fn without_a_directory_an_earlier_run_is_moved() {
    let directory = tempfile::tempdir().unwrap();
    let here = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
        command.current_dir(directory.path()).args(SIZE).args(args).output().unwrap()
    };
    std::fs::write(directory.path().join("model.bin"), "a blob").unwrap();
    succeeds(&here(&[]));
    let first = contents(directory.path());
    let said = succeeds(&here(&["--seed", "2"]));
    assert_eq!(said.trim_end(), "moved the earlier run to earlier-1/", "one line");
    let mut moved = contents(&directory.path().join("earlier-1"));
    moved.push(("model.bin".to_owned(), b"a blob".to_vec()));
    moved.sort_unstable();
    assert!(moved == first, "the whole first run");
    assert!(succeeds(&here(&["--seed", "3"])).contains("earlier-2"), "and so on");

    // It would move away the run that it starts from.
    let before = contents(directory.path());
    let error = refusal(&here(&["--teacher", "best.mpk"]), 1);
    assert!(error.contains("best.mpk would be replaced"), "{error}");
    let settings = directory.path().join("config.json");
    std::fs::write(&settings, "{\"my\": \"settings\"}").unwrap();
    let error = refusal(&here(&[]), 1);
    assert!(error.contains("config.json") && error.contains("no run"), "{error}");
    assert_eq!(contents(directory.path()).len(), before.len(), "nothing is made or moved");
    assert_eq!(std::fs::read(&settings).unwrap(), b"{\"my\": \"settings\"}", "foreign settings");
}

#[test]
fn a_checkpoint_is_not_replaced_by_its_half_or_another_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    succeeds(&run(&["--out", text(&path("run"))]));
    let (best, other) = (path("run/best.mpk"), path("other.mpk"));
    std::fs::copy(&best, &other).unwrap();
    std::fs::hard_link(&best, path("link.mpk")).unwrap();
    let before = contents(directory.path());
    for (out, part) in [
        (best.clone(), "would be replaced"),
        (path("run/../run/best.mpk"), "would be replaced"),
        (path("link.mpk"), "would be replaced"),
        (other.clone(), "is there already"),
        (path("none/half.mpk"), "create its directory"),
        (path("run"), "it is a directory"),
    ] {
        let error = refusal(&trainer(&["half", text(&best), text(&out)]), 1);
        assert!(error.contains(part), "{error}");
    }
    let error = refusal(&trainer(&["half", text(&best), text(&best), "--overwrite"]), 1);
    assert!(error.contains("would be replaced"), "{error}");
    assert!(contents(directory.path()) == before, "every file");
    succeeds(&trainer(&["half", text(&best), text(&other), "--overwrite"]));
    assert!(other.metadata().unwrap().len() < best.metadata().unwrap().len(), "told to");
}

#[test]
fn a_table_of_attributes_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let table = directory.path().join("attributes.csv");
    std::fs::write(&table, "class,round\ncat,1\ndog,0\n").unwrap();
    let data = ["--data", text(directory.path())];
    for given in [&["--table", text(&table)][..], &data] {
        let args = ["attributes", "no/such.mpk", text(&table), "--overwrite"];
        let error = refusal(&trainer(&[&args[..], given].concat()), 1);
        assert!(error.contains("attributes.csv would be replaced"), "{error}");
    }
}

#[test]
fn pictures_are_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let images = |count: &str| trainer(&["images", text(directory.path()), "--count", count]);
    succeeds(&images("3"));
    succeeds(&images("4"));
    let all = contents(directory.path());
    assert_eq!(all.len(), 5, "the same three, one more, and their list");
    let mine = directory.path().join(&all[2].0);
    std::fs::write(&mine, "a photograph").unwrap();
    let error = refusal(&images("5"), 1);
    assert!(error.contains(&all[2].0), "{error}");
    assert_eq!(contents(directory.path()).len(), 5, "none of the five is written");
    assert_eq!(std::fs::read(&mine).unwrap(), b"a photograph", "the file");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_training() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("file"), "bytes").unwrap();
    for out in ["file", "file/run"] {
        // If the images were read first, the error would name the missing images.
        let error = refusal(&run(&["--out", text(&path(out)), "--data", "no/such"]), 1);
        assert!(error.contains("--out") && error.contains("file"), "{error}");
    }
    let file = path("file");
    let error = refusal(&trainer(&["eval", "no/such.mpk", "--report", text(&file)]), 1);
    assert!(error.contains("a file of this name"), "{error}");
    let error = refusal(&trainer(&["sweep", "--data", "no/such", "--out", text(&file)]), 1);
    assert!(error.contains("a file of this name"), "{error}");
    std::fs::write(path("sweep.csv"), "my table").unwrap();
    let args = ["sweep", "--data", "no/such", "--out", text(directory.path())];
    let error = refusal(&trainer(&args), 1);
    assert!(error.contains("sweep.csv is there already"), "{error}");
    std::fs::create_dir_all(path("sweep/depth-1-dim-8")).unwrap();
    std::fs::write(path("sweep/depth-1-dim-8/config.json"), "{}").unwrap();
    let args = ["sweep", "--depth", "1", "--dim", "8", "--epochs", "1", "--train-images", "50"];
    let sweep = || trainer(&[&args[..], &["--out", text(&path("sweep"))]].concat());
    let error = refusal(&sweep(), 1);
    assert!(error.contains("not a part of the sweep"), "{error}");
    std::fs::remove_file(path("sweep/depth-1-dim-8/config.json")).unwrap();
    for file in ["best.mpk", "curves.svg", "metrics.csv"] {
        let file = path("sweep/depth-1-dim-8").join(file);
        std::fs::write(&file, "mine").unwrap();
        let error = refusal(&sweep(), 1);
        assert!(error.contains(text(&file)) && error.contains("may not be a file"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"mine", "the file");
        std::fs::remove_file(&file).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_stays_until_it_is_given_up() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    let directory = tempfile::tempdir().unwrap();
    let out = directory.path();
    let args = ["--preset", "vit-64x4", "--train-images", "100", "--json", "--out", text(out)];
    let args = |epochs| [&args[..], &["--epochs", epochs]].concat();
    let mut child = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(args("100000"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for epoch in [1, 2] {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&format!("\"epoch\":{epoch}")), "{line}");
    }
    for option in ["--overwrite", "--resume"] {
        let error = refusal(&trainer(&[&args("100000")[..], &[option]].concat()), 1);
        assert!(error.contains("another run is working"), "{error}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The file that a process leaves if it is killed while it writes.
    std::fs::write(out.join(".ocelli-a1b2c3.part"), "half a file").unwrap();
    let state = std::fs::read(out.join("resume.bin")).unwrap();
    let error = refusal(&trainer(&args("1")), 1);
    assert!(error.contains("an interrupted run") && error.contains("of 100000 epochs"), "{error}");
    assert!(error.contains("--resume") && error.contains("--overwrite"), "{error}");
    assert!(std::fs::read(out.join("resume.bin")).unwrap() == state, "as it was");
    succeeds(&trainer(&[&args("1")[..], &["--overwrite"]].concat()));
    let names: Vec<_> = contents(out).into_iter().map(|(name, _)| name).collect();
    assert!(!names.contains(&"resume.bin".to_owned()), "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with(".ocelli")), "no leftovers: {names:?}");
}
