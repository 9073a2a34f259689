//! No file of a user is lost, and the reader of the output may go away.

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::{Command, Stdio};

use trainer::data::DataSource;

use super::weights::write_weights;
use super::{export, refusal, text, write_checkpoint};

const SIZE: [&str; 4] = ["--calibration", "8", "--evaluate", "0"];

/// Runs an export that must be refused and must leave every file unchanged.
fn refused(directory: &Path, args: &[&str]) -> String {
    let files = || {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.map(|path| (fs::read(&path).ok(), path)).collect();
        files.sort_unstable();
        files
    };
    let before = files();
    let error = refusal(&export(args), 1);
    assert!(files() == before, "every file: {error}");
    error
}

#[test]
fn an_output_is_no_input_and_no_foreign_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (best, weights) = (path("best.mpk"), path("w.safetensors"));
    write_checkpoint(&best, DataSource::Cifar10);
    write_weights(&weights, "", 10);
    fs::write(path("photo.jpg"), "a photograph").unwrap();
    fs::write(path("main.rs"), "fn main() {}").unwrap();
    fs::create_dir(path("page")).unwrap();
    fs::hard_link(&best, path("hard.mpk")).unwrap();
    let (best, weights) = (text(&best), text(&weights));
    for (args, part) in [
        (&[best, best][..], "would be replaced"),
        (&[best, "hard.mpk"], "would be replaced"),
        (&[best, "new.bin", "--rust", best], "would be replaced"),
        (&[weights, weights], "would be replaced"),
        (&["import", weights, weights], "would be replaced"),
        (&["import", weights, weights, "--overwrite"], "would be replaced"),
        (&["import", weights, best], "is there already"),
        (&[weights, best], "not a blob"),
        (&[best, "photo.jpg"], "photo.jpg is there already, and it is not a blob"),
        (&[best, "new.bin", "--rust", "main.rs"], "main.rs is there already"),
        (&[best, "new.bin", "--rust", "NEW.bin"], "two outputs"),
        (&[best, "new.bin", "--rust", "none/model.rs"], "create its directory"),
        (&[best, "none/new.bin"], "create its directory"),
        (&[best, "page"], "it is a directory"),
        (&[best, "new.bin", "--report", "photo.jpg"], "a file of this name"),
    ] {
        let there = |arg: &&str| -> String {
            let local = !arg.starts_with('-') && *arg != "import" && !Path::new(arg).is_absolute();
            if local { text(&path(arg)).to_owned() } else { (*arg).to_owned() }
        };
        let args: Vec<_> = args.iter().map(there).collect();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let error = refused(directory.path(), &args);
        assert!(error.contains(part), "{args:?}: {error}");
    }
    let page = path("page/index.html");
    fs::write(&page, "my page").unwrap();
    let (blob, report) = (path("new.bin"), path("page"));
    let args = [best, text(&blob), "--report", text(&report)];
    let error = refused(&report, &args);
    assert!(error.contains("index.html is there already"), "{error}");
}

#[test]
fn outputs_of_export_are_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write_checkpoint(&path("best.mpk"), DataSource::Cifar10);
    let (best, blob) = (path("best.mpk"), path("model.bin"));
    let (module, report) = (path("model.rs"), path("report"));
    let args = [text(&best), text(&blob), "--rust", text(&module), "--report", text(&report)];
    // The file that a process leaves if it is killed while it writes.
    fs::write(path(".ocelli-a1b2c3.part"), "half a blob").unwrap();
    for _ in 0..2 {
        let output = export(&[&args[..], &SIZE].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let names = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    assert_eq!(names, ["best.mpk", "model.bin", "model.rs", "report"], "no leftovers");
}

#[cfg(unix)]
#[test]
fn a_command_ends_quietly_when_its_reader_goes_away() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/v1/tiny.bin");
    for args in [&["inspect", text(&golden)][..], &["inspect", text(&golden), "--json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_export"));
        let child = command.args(args).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(141), "as after SIGPIPE: {args:?}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
