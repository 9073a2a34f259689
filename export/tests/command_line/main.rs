//! The `export` command as a shell sees it: exit codes, messages and files.

mod evidence;
mod lost;
mod page;
mod projects;
mod search;
mod weights;

use std::path::Path;
use std::process::{Command, Output};

use burn_flex::Flex;
use runtime::config::Preset;
use trainer::checkpoint::{self, Checkpoint};
use trainer::data::{CIFAR10_CLASSES, DataSource, Normalisation};
use trainer::model::{DropoutRates, Vit};

/// Runs the command to its end.
fn export(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_export")).args(args).output().expect("the command runs")
}

/// The one line that a refusal with this exit code prints.
fn refusal(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "exit code; it printed {text}");
    let errors = text.lines().filter(|line| line.starts_with("error: ")).collect::<Vec<_>>();
    assert_eq!(errors.len(), 1, "one line in {text}");
    errors[0].to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

/// Writes a checkpoint of an untrained `nano`.
fn write_checkpoint(path: &Path, source: DataSource) {
    let config = Preset::Nano.config(10).unwrap();
    let checkpoint = Checkpoint::<Flex> {
        preset: "nano".to_owned(),
        model: Vit::new(&config, DropoutRates::default(), 1, &Default::default()),
        config,
        classes: CIFAR10_CLASSES.map(String::from).to_vec(),
        normalisation: Normalisation::CIFAR10,
        source,
        attributes: None,
    };
    checkpoint::save(path, &checkpoint).unwrap();
}

#[test]
fn wrong_arguments_exit_with_2() {
    for args in [
        &[][..],
        &["best.mpk"],
        &["--json"],
        &["best.mpk", "model.bin", "--precision", "int4"],
        &["best.mpk", "model.bin", "--calibration", "0"],
        &["inspect"],
    ] {
        assert_eq!(export(args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(export(&["--help"]).status.code(), Some(0), "help");
}

#[test]
fn a_checkpoint_becomes_a_blob_of_either_precision() {
    let directory = tempfile::tempdir().unwrap();
    let (best, blob) = (directory.path().join("best.mpk"), directory.path().join("model.bin"));
    write_checkpoint(&best, DataSource::Cifar10);
    for (precision, name) in [("int8", "int8 accuracy"), ("f16", "f16 accuracy")] {
        let calibration = ["--calibration", "16", "--evaluate", "20"];
        let args = [text(&best), text(&blob), "--precision", precision];
        let output = export(&[&args[..], &calibration].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in ["float accuracy", name, "agreement", "blob ", "arena ", "MACs "] {
            assert!(printed.lines().any(|found| found.starts_with(line)), "{line} in {printed}");
        }
        let inspect = export(&["inspect", text(&blob)]);
        assert!(inspect.status.success(), "{}", String::from_utf8_lossy(&inspect.stderr));
    }
}

#[test]
fn sensitivity_ranks_the_sites() {
    let directory = tempfile::tempdir().unwrap();
    let best = directory.path().join("best.mpk");
    write_checkpoint(&best, DataSource::Cifar10);
    let args = ["sensitivity", text(&best), "--calibration", "8", "--images", "4", "--json"];
    let output = export(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let decibels = |list: &str| -> Vec<f64> {
        let rows = found[list].as_array().expect("a list");
        rows.iter().map(|row| row["decibels"].as_f64().expect("a number")).collect()
    };
    let (alone, spared) = (decibels("alone"), decibels("spared"));
    assert!(alone.is_sorted() && alone.len() > 20, "worst first: {alone:?}");
    assert!(spared[0] < alone[0], "all sites lose more than the worst one: {spared:?}");
    assert!(spared[5] > spared[0] + 1.0, "without the worst there is less loss: {spared:?}");

    let all = export(&["sensitivity", text(&best), "--calibration", "5000"]);
    assert!(refusal(&all, 1).contains("--calibration"), "nothing is left to measure on");
}

#[test]
fn the_same_options_give_the_same_bytes_a_page_and_a_module() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write_checkpoint(&path("best.mpk"), DataSource::Cifar10);
    let run = |blob: &str, seed: &str, observer: &str| {
        let (best, blob) = (path("best.mpk"), path(blob));
        let (report, module) = (path("report"), path("model.rs"));
        let output = export(&[
            text(&best),
            text(&blob),
            "--calibration-images",
            "8",
            "--evaluate",
            "40",
            "--seed",
            seed,
            "--observer",
            observer,
            "--report",
            text(&report),
            "--rust",
            text(&module),
        ]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(blob).unwrap()
    };
    let first = run("first.bin", "3", "mse");
    assert!(first == run("second.bin", "3", "mse"), "the same options");
    assert!(first != run("third.bin", "4", "mse"), "other calibration images");
    assert!(first != run("fourth.bin", "3", "minmax"), "another observer");
    let searched = run("fifth.bin", "3", "search");
    assert!(searched == run("sixth.bin", "3", "search"), "the same search");

    let page = std::fs::read_to_string(path("report").join("index.html")).unwrap();
    for part in ["nano in int8", "airplane", "block.1.mlp1", "<svg", "disagree", "</html>"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(!page.contains("http"), "nothing is fetched from elsewhere");
    let listing = pictures::Listing::read(directory.path()).unwrap();
    let [left_out] = listing.left_out.as_slice() else { panic!("{listing:?}") };
    assert_eq!(left_out.path, path("report"), "the folder of the page");
    assert_eq!(left_out.reason, pictures::Reason::Output, "the page marks its folder as output");
    let module = std::fs::read_to_string(path("model.rs")).unwrap();
    assert!(module.contains("include_bytes!(\"sixth.bin\")"), "{module}");
}

#[test]
fn a_checkpoint_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (best, blob) = (directory.path().join("best.mpk"), directory.path().join("model.bin"));
    let run = || refusal(&export(&[text(&best), text(&blob)]), 1);
    assert!(run().contains("best.mpk"), "a missing checkpoint");
    std::fs::write(&best, "no checkpoint at all").unwrap();
    let foreign = run();
    assert!(foreign.contains("best.mpk") && foreign.contains("not a checkpoint"), "{foreign}");

    write_checkpoint(&best, DataSource::Cifar10);
    let whole = std::fs::read(&best).unwrap();
    std::fs::write(&best, &whole[..whole.len() / 2]).unwrap();
    assert!(run().contains("incomplete"), "a truncated checkpoint");
    let field = b"format_version\x01";
    let at = whole.windows(field.len()).position(|window| window == field).unwrap();
    let mut newer = whole;
    newer[at + field.len() - 1] = 2;
    std::fs::write(&best, newer).unwrap();
    assert!(run().contains("version 2"), "a checkpoint of another version");

    write_checkpoint(&best, DataSource::Custom);
    assert!(run().contains("--data"), "images that are not built in");
    assert!(!blob.exists(), "no blob is written");
}

#[test]
fn a_blob_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.bin");
    for command in ["inspect", "evaluate"] {
        let run = || refusal(&export(&[command, text(&path)]), 1);
        let _ = std::fs::remove_file(&path);
        assert!(run().contains("cannot read"), "a missing blob");
        std::fs::write(&path, "not a blob").unwrap();
        assert!(run().contains("cannot be used"), "a foreign file");
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/v1/tiny.bin");
        let whole = std::fs::read(golden).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(run().contains("cannot be used"), "a truncated blob");
    }
}

#[test]
fn weights_of_another_network_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let (weights, best) = (directory.path().join("w.safetensors"), directory.path().join("b.mpk"));
    // An empty file of the format: a header of two bytes.
    std::fs::write(&weights, [&2u64.to_le_bytes()[..], b"{}"].concat()).unwrap();
    for command in [&["import"][..], &[]] {
        let args = [text(&weights), text(&best), "--preset", "compact"];
        let error = refusal(&export(&[command, &args].concat()), 1);
        assert!(error.contains("w.safetensors"), "{error}");
        assert!(!best.exists(), "nothing is written");
    }
    write_checkpoint(&best, DataSource::Cifar10);
    let blob = directory.path().join("model.bin");
    let error = refusal(&export(&[text(&best), text(&blob), "--preset", "compact"]), 1);
    assert!(error.contains("leave --preset out"), "a checkpoint has a shape: {error}");
}

/// A limit on the size of files stands for a full disk: a write fails half-way.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_blob() {
    let directory = tempfile::tempdir().unwrap();
    let (best, blob) = (directory.path().join("best.mpk"), directory.path().join("model.bin"));
    write_checkpoint(&best, DataSource::Cifar10);
    std::fs::write(&blob, "OCEL, the old one").unwrap();
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_export")])
        .args([text(&best), text(&blob), "--calibration", "8", "--evaluate", "0"])
        .output()
        .unwrap();
    let error = refusal(&output, 1);
    assert!(error.contains("model.bin") && error.contains("free some space"), "{error}");
    assert_eq!(std::fs::read(&blob).unwrap(), b"OCEL, the old one", "the old blob");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "files");
}
