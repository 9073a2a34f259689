//! The reader of the output goes away.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{refusal, text};

/// Output that nobody reads, from the first byte on.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn trainer(args: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
    let child = command.args(args).stdout(stdout).stderr(stderr).spawn().unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_command_ends_quietly_when_its_reader_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    for (class, first) in [("cat", 0), ("dog", 100)] {
        std::fs::create_dir(directory.path().join(class)).unwrap();
        for index in first..first + 10 {
            let picture = image::RgbImage::from_pixel(40, 40, image::Rgb([index, 9, 9]));
            picture.save(directory.path().join(class).join(format!("{index}.png"))).unwrap();
        }
    }
    for args in [&["summary"][..], &["summary", "--json"], &["check", text(directory.path())]] {
        let output = trainer(args, nobody(), Stdio::piped());
        assert_eq!(output.status.code(), Some(141), "as after SIGPIPE: {args:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // A refusal that nobody reads has the same exit code.
    let output = trainer(&["check", "no/such"], nobody(), nobody());
    assert_eq!(output.status.code(), Some(1), "no pictures");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for args in [&["summary"][..], &["summary", "--json"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = refusal(&trainer(args, full.into(), Stdio::piped()), 1);
        assert!(error.contains("cannot write to standard output"), "{error}");
    }
}

const RUN: [&str; 6] = ["--preset", "vit-64x4", "--train-images", "100", "--epochs", "2"];

/// A run has done everything.
fn complete(out: &Path) {
    let table = std::fs::read_to_string(out.join("metrics.csv")).unwrap();
    assert_eq!(table.lines().count(), 3, "two epochs: {table}");
    for file in ["best.mpk", "validation/mistakes.png"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    assert!(!out.join("resume.bin").exists(), "the run has ended");
}

#[test]
fn training_continues_without_a_reader() {
    let directory = tempfile::tempdir().unwrap();
    for (name, options) in [("json", &["--json"][..]), ("plain", &["--plain"])] {
        let out = directory.path().join(name);
        let args = [&RUN[..], options, &["--out", text(&out)]].concat();
        let output = trainer(&args, nobody(), nobody());
        assert_eq!(output.status.code(), Some(0), "{name}");
        complete(&out);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn training_continues_when_its_output_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let args = [&RUN[..], &["--json", "--out", text(&out)]].concat();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let error = refusal(&trainer(&args, full.into(), Stdio::piped()), 1);
    assert!(error.contains("cannot write to standard output"), "said at the end: {error}");
    complete(&out);
}
