//! `export firmware` and `export package`: what they write, refuse and print.

use super::{export, refusal, text};
use std::path::{Path, PathBuf};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn names(directory: &Path) -> Vec<String> {
    let entries = directory
        .read_dir()
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    names
}

fn run(args: &[&str]) -> String {
    let output = export(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_firmware_is_written_with_what_it_will_print() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("firmware");
    let printed = run(&["firmware", text(&directory), "--board", "pico2", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&printed).expect("one object");
    for file in found["files"].as_array().expect("a list") {
        let path = directory.join(file.as_str().expect("a path"));
        assert!(path.is_file(), "{}", path.display());
    }
    assert_eq!(found["expected"][0], "class cat", "the built-in picture");
    assert_eq!(found["target"], "thumbv8m.main-none-eabihf", "the board's processor");
    assert_eq!(found["vendored"], false, "from the repository");
    assert_eq!(found["commands"][2], "cargo run --release", "the last command");
    let module = std::fs::read_to_string(directory.join("src/model.rs")).unwrap();
    assert!(module.contains("include_bytes!(\"../model.bin\")"), "{module}");
    assert_eq!(names(root.path()), ["firmware"], "nothing is left beside it");
    let lines = run(&[
        "firmware",
        text(&root.path().join("lines")),
        "--board",
        "microbit",
        "--model",
        text(&repository("tests/golden/v1/tiny.bin")),
    ]);
    for line in [
        "board microbit",
        "flash at most ",
        "RAM at most ",
        "runtime used from ",
        "  cargo run --release",
    ] {
        assert!(lines.lines().any(|found| found.starts_with(line)), "{line} in {lines}");
    }
}

#[test]
fn a_picture_of_the_user_is_the_example() {
    let root = tempfile::tempdir().unwrap();
    let (picture, directory) = (root.path().join("red.png"), root.path().join("package"));
    image::RgbImage::from_pixel(40, 50, image::Rgb([250, 1, 2])).save(&picture).unwrap();
    let blob = repository("trainer/models/nano/model.bin");
    let args = ["package", text(&blob), text(&directory), "--for", "cmake"];
    run(&[&args[..], &["--image", text(&picture)]].concat());
    let header = std::fs::read_to_string(directory.join("example/image.h")).unwrap();
    assert!(header.contains(" 250, 1, 2, 250, 1, 2,"), "{header}");
    let message = refusal(&export(&[&args[..], &["--image", text(&blob)]].concat()), 1);
    assert!(message.contains("model.bin"), "not a picture: {message}");
}

#[test]
fn a_copy_of_the_runtime_needs_no_repository() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("firmware");
    run(&["firmware", text(&directory), "--board", "mps2-an386", "--vendor"]);
    let manifest = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("runtime = { path = \"ocelli/runtime\" }"), "{manifest}");
    assert!(directory.join("ocelli/runtime/src/lib.rs").is_file(), "the copy");
    let none = root.path().join("none");
    let args = ["firmware", text(&none), "--board", "mps2-an386", "--source", text(root.path())];
    let message = refusal(&export(&args), 1);
    assert!(message.contains("the source of Ocelli is not in"), "{message}");
    assert!(!none.exists(), "nothing is written");
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_written() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("firmware");
    let message = refusal(&export(&["firmware", text(&directory), "--board", "microbit"]), 1);
    assert!(
        message.contains("does not fit into microbit") && message.contains("of RAM"),
        "{message}"
    );
    assert!(!directory.exists(), "nothing is written");
    assert_eq!(
        export(&["firmware", text(&directory), "--board", "toaster"]).status.code(),
        Some(2),
        "a board"
    );
    let help = run(&["firmware", "--help"]);
    for board in ["nrf52840-dk", "pico2", "riscv32-virt"] {
        assert!(help.contains(board), "{board} in {help}");
    }
}

#[test]
fn files_of_others_are_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("library");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("README.md"), "mine").unwrap();
    std::fs::write(directory.join("notes.txt"), "mine").unwrap();
    let blob = repository("trainer/models/nano/model.bin");
    let args = ["package", text(&blob), text(&directory), "--for", "arduino"];
    let message = refusal(&export(&args), 1);
    assert!(message.contains("is not empty") && message.contains("--overwrite"), "{message}");
    assert_eq!(names(&directory), ["README.md", "notes.txt"], "nothing is written");
    run(&[&args[..], &["--overwrite"]].concat());
    assert_eq!(std::fs::read_to_string(directory.join("notes.txt")).unwrap(), "mine", "it stays");
    assert_ne!(std::fs::read_to_string(directory.join("README.md")).unwrap(), "mine", "as told");
    // A blob that the command reads is not replaced, even if told so.
    let own = root.path().join("model.bin");
    std::fs::copy(&blob, &own).unwrap();
    let args =
        ["firmware", text(root.path()), "--board", "pico", "--model", text(&own), "--overwrite"];
    let message = refusal(&export(&args), 1);
    assert!(message.contains("would be replaced"), "{message}");
}

#[test]
fn a_blob_that_cannot_be_used_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (damaged, directory) = (root.path().join("damaged.bin"), root.path().join("package"));
    let mut bytes = std::fs::read(repository("trainer/models/nano/model.bin")).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    let message =
        refusal(&export(&["package", text(&damaged), text(&directory), "--for", "zephyr"]), 1);
    assert!(message.contains("damaged.bin cannot be used"), "{message}");
    let half = root.path().join("half.bin");
    let config = runtime::config::Preset::Nano.config(10).unwrap();
    std::fs::write(&half, kit::f16_network::blob(&config, 1)).unwrap();
    for args in [
        &["package", text(&half), text(&directory), "--for", "arduino"][..],
        &["firmware", text(&directory), "--board", "pico", "--model", text(&half)],
    ] {
        let message = refusal(&export(args), 1);
        assert!(message.contains("half.bin is an f16 blob"), "{message}");
    }
    assert_eq!(
        export(&["package", text(&damaged), text(&directory)]).status.code(),
        Some(2),
        "no --for"
    );
    assert!(!directory.exists(), "nothing is written");
}
