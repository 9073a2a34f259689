//! The `trainer` command as a shell sees it: exit codes, messages and files.

#[cfg(unix)]
mod average;
mod closed;
mod lost;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the command to its end.
fn trainer(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trainer")).args(args).output().expect("the command runs")
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

#[test]
fn wrong_arguments_exit_with_2() {
    for args in [
        &["--preset", "huge"][..],
        &["--epochs", "0"],
        &["--micro-batch", "0"],
        &["--learning-rate", "-1"],
        &["--mixup", "0.6", "--cutmix", "0.6"],
        &["--drop-path", "1"],
        &["--data", "here", "--download"],
        &["--image-size", "31"],
        &["--image-size", "96x240"],
        &["--classes", "cat,dog", "--leave-out", "bird"],
        &["eval"],
    ] {
        assert_eq!(trainer(args).status.code(), Some(2), "{args:?}");
    }
    assert_eq!(trainer(&["--help"]).status.code(), Some(0), "help");
}

#[test]
fn a_name_with_control_characters_is_escaped_in_an_error() {
    let error = refusal(&trainer(&["eval", "no\n\u{1b}[31mnet.mpk"]), 1);
    assert!(error.contains("no\\n\\u{1b}[31mnet.mpk"), "{error}");
}

#[test]
fn data_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let out = data.join("out");
    let run = || trainer(&["--data", text(data), "--out", text(&out)]);
    let missing = refusal(&run(), 1);
    assert!(missing.contains("data_batch_1.bin"), "{missing}");
    assert!(missing.contains("cifar-10-binary.tar.gz"), "the remedy: {missing}");

    std::fs::write(data.join("data_batch_1.bin"), vec![0; 3073 * 9_999]).unwrap();
    let truncated = refusal(&run(), 1);
    assert!(truncated.contains("30726927 bytes, not 30730000"), "{truncated}");

    std::fs::write(data.join("data_batch_1.bin"), vec![200; 30_730_000]).unwrap();
    let foreign = refusal(&run(), 1);
    assert!(foreign.contains("label 200"), "{foreign}");
    assert!(!out.exists(), "nothing is made for images that cannot be read");
}

#[test]
fn a_file_that_is_not_a_checkpoint_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("photo.jpg");
    std::fs::write(&path, [0xff, 0xd8, 0xff, 0xe0, 0, 16]).unwrap();
    let error = refusal(&trainer(&["eval", text(&path)]), 1);
    assert!(error.contains("photo.jpg") && error.contains("not a checkpoint"), "{error}");
    let error = refusal(&trainer(&["eval", "no/such.mpk"]), 1);
    assert!(error.contains("no/such.mpk"), "{error}");
}

#[test]
fn more_images_than_there_are_are_refused() {
    let error = refusal(&trainer(&["--train-images", "5001"]), 1);
    assert!(error.contains("5001") && error.contains("5000"), "{error}");
}

#[test]
fn a_refused_run_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path();
    let run = |args: &[&str]| {
        let size = ["--preset", "vit-64x4", "--train-images", "100", "--epochs", "1", "--json"];
        trainer(&[&size[..], &["--out", text(out)], args].concat())
    };
    assert!(run(&[]).status.success(), "a first run");
    let files = || ["config.json", "best.mpk"].map(|name| std::fs::read(out.join(name)).unwrap());
    let before = files();
    let error = refusal(&run(&["--teacher", text(&out.join("best.mpk"))]), 1);
    assert!(error.contains("would be replaced"), "{error}");
    let error = refusal(&run(&["--overwrite", "--batch-size", "6000"]), 1);
    assert!(error.contains("do not fill one batch"), "{error}");
    let error = refusal(&run(&["--overwrite", "--augment", "2"]), 1);
    assert!(error.contains("not from 0 to 1"), "{error}");
    assert!(files() == before, "the same files");
}

#[test]
fn a_run_writes_its_settings_and_its_report() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let args = ["--train-images", "100", "--epochs", "2", "--seed", "7", "--out", text(&out)];
    let output = trainer(&args);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("test accuracy "), "{printed}");
    let config = std::fs::read(out.join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["preset"], "micro", "preset");
    assert_eq!(config["recipe"]["seed"], 7, "seed");
    assert_eq!(config["backend"], "flex", "backend");
    let count = |part: &str| config["data"][part].as_u64().unwrap() as usize;
    assert_eq!(count("train") + count("validation"), 100, "images");
    assert_eq!(config["arguments"], serde_json::json!(args), "arguments");
    report(&out.join("validation"), count("validation"));

    let test = directory.path().join("test");
    let eval = trainer(&["eval", text(&out.join("best.mpk")), "--report", text(&test)]);
    let line = String::from_utf8_lossy(&eval.stdout).into_owned();
    assert!(printed.ends_with(&line), "{line} is not the end of {printed}");
    report(&test, 1000);
}

/// Checks the files of a report about this number of images, which must agree with each other.
fn report(dir: &Path, images: usize) {
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let confusion = read("confusion.csv");
    let (mut all, mut right) = (0, 0);
    for (class, row) in confusion.lines().skip(1).enumerate() {
        let counts = row.split(',').skip(1).take(10).map(|count| count.parse::<usize>().unwrap());
        let counts = counts.collect::<Vec<_>>();
        all += counts.iter().sum::<usize>();
        right += counts[class];
    }
    assert_eq!(all, images, "{confusion}");
    assert_eq!(read("mistakes.csv").lines().count() - 1, images - right, "mistakes");
    assert!(read("confusion.svg").contains("automobile"), "names of the classes");
    let sheet = image::open(dir.join("mistakes.png")).unwrap();
    assert!(sheet.width() > 1000, "eight images side by side");
}

/// Thirty pictures each of cats and dogs, no two alike.
fn pictures(dir: &Path) {
    for (class, first) in [("cat", 0), ("dog", 100)] {
        std::fs::create_dir_all(dir.join(class)).unwrap();
        for index in first..first + 30 {
            let picture = image::RgbImage::from_pixel(40, 40, image::Rgb([index, 9, 9]));
            picture.save(dir.join(class).join(format!("{index}.png"))).unwrap();
        }
    }
}

#[test]
fn a_run_inside_its_pictures_does_not_become_a_class() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(dir);
    let printed = |args: &[&str]| {
        let output = trainer(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let size = ["--preset", "vit-64x4", "--epochs", "1", "--plain", "--data", text(dir)];
    printed(&[&size[..], &["--out", text(dir)]].concat());
    printed(&[&size[..], &["--out", text(&dir.join("runs/second"))]].concat());
    printed(&["images", text(&dir.join("seen")), "--data", text(dir)]);
    let seen = std::fs::read_to_string(dir.join("seen/images.csv")).unwrap();
    assert!(seen.contains("0000_") && seen.contains(",cat/") && seen.contains(",dog/"), "{seen}");
    let checked = printed(&["check", text(dir)]);
    assert!(checked.contains("60 pictures in 2 classes"), "{checked}");
    for output in ["runs", "seen", "validation"] {
        assert!(checked.contains(&format!("    {output}\n")), "{output}: {checked}");
    }
    let report = dir.join("report");
    printed(&["eval", text(&dir.join("best.mpk")), "--data", text(dir), "--report", text(&report)]);
    let mistakes = std::fs::read_to_string(report.join("mistakes.csv")).unwrap();
    let rows = mistakes.lines().skip(1).collect::<Vec<_>>();
    assert!(mistakes.lines().next().unwrap().ends_with(",file"), "{mistakes}");
    assert!(
        rows.iter()
            .all(|row| row.ends_with(".png") && row.contains(",cat/") || row.contains(",dog/")),
        "{mistakes}"
    );
}

#[test]
fn training_reports_what_it_leaves_out() {
    let directory = tempfile::tempdir().unwrap();
    let (dir, out) = (directory.path().join("pictures"), directory.path().join("run"));
    pictures(&dir);
    std::fs::create_dir(dir.join("__MACOSX")).unwrap();
    let whole = std::fs::read(dir.join("cat/1.png")).unwrap();
    std::fs::write(dir.join("cat/a\u{1b}[31m.png"), &whole[..whole.len() / 2]).unwrap();
    let size = ["--preset", "vit-64x4", "--epochs", "1", "--plain", "--data", text(&dir)];
    let output = trainer(&[&size[..], &["--out", text(&out)]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("cat/a\\u{1b}[31m.png is cut short"), "{said}");
    assert!(said.contains("    __MACOSX") && !said.contains('\u{1b}'), "{said}");
    let config = std::fs::read_to_string(out.join("config.json")).unwrap();
    assert!(config.contains("\"source\": \"Pictures\""), "{config}");

    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    std::fs::create_dir(dir.join("fox")).unwrap();
    std::fs::write(dir.join("fox/1.jpg"), heic).unwrap();
    let again = [&size[..], &["--out", text(&out), "--overwrite"]].concat();
    let error = refusal(&trainer(&again), 1);
    assert!(error.contains("class fox has 0") && error.contains("fox/1.jpg is HEIC"), "{error}");
}

#[test]
fn cifar_100_is_read_with_either_kind_of_labels() {
    let directory = tempfile::tempdir().unwrap();
    let (dir, out) = (directory.path().join("cifar"), directory.path().join("run"));
    std::fs::create_dir(&dir).unwrap();
    let record = |index: u8| [&[index % 20, index % 100][..], &[index; 3072]].concat();
    let records = |count: u8| (0..count).flat_map(record).collect::<Vec<_>>();
    let names =
        |count: usize| (0..count).map(|class| format!("name {class}\n")).collect::<String>();
    std::fs::write(dir.join("train.bin"), records(200)).unwrap();
    std::fs::write(dir.join("test.bin"), records(100)).unwrap();
    std::fs::write(dir.join("fine_label_names.txt"), names(100)).unwrap();
    std::fs::write(dir.join("coarse_label_names.txt"), names(20)).unwrap();
    let size = ["--preset", "vit-64x4", "--epochs", "1", "--plain", "--data", text(&dir)];
    for (labels, classes) in [(&[][..], 100), (&["--coarse-labels"], 20)] {
        let out_args = ["--out", text(&out), "--overwrite"];
        let output = trainer(&[&size[..], &out_args, labels].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let eval = trainer(&["eval", text(&out.join("best.mpk")), "--data", text(&dir), "--json"]);
        let printed = String::from_utf8_lossy(&eval.stdout);
        assert!(printed.contains("\"images\":100"), "the same labels: {printed}");
        let table = std::fs::read_to_string(out.join("validation/confusion.csv")).unwrap();
        assert_eq!(table.lines().count(), 1 + classes, "a row for each class");
    }
}

#[test]
fn check_reports_the_mistakes_in_a_folder() {
    let directory = tempfile::tempdir().unwrap();
    let dir = directory.path();
    pictures(dir);
    let good = trainer(&["check", text(dir)]);
    let printed = String::from_utf8_lossy(&good.stdout);
    assert_eq!(good.status.code(), Some(0), "{printed}");
    assert!(printed.contains("cat          30  40 x 40"), "{printed}");
    assert!(printed.ends_with("60 pictures in 2 classes\nno problem found\n"), "{printed}");

    std::fs::copy(dir.join("cat/3.png"), dir.join("dog/copy.png")).unwrap();
    let bad = trainer(&["check", text(dir), "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&bad.stdout).unwrap();
    assert_eq!(found["findings"][0]["severity"], "problem", "{found}");
    assert_eq!(found["findings"][0]["files"][0], "cat/3.png = dog/copy.png", "{found}");
    assert_eq!(found["classes"][1]["pictures"], 31, "{found}");
    let error = refusal(&bad, 1);
    assert!(error.contains("problems 1, warnings 0"), "{error}");
}

/// Writes pictures of these classes, each of one colour with a grain.
fn coloured_pictures(dir: &Path, classes: &[(&str, [u8; 3])], count: u32) {
    for (name, colour) in classes {
        std::fs::create_dir_all(dir.join(name)).unwrap();
        for index in 0..count {
            let pixel = |x: u32, y: u32| {
                image::Rgb(colour.map(|value| value ^ ((x * 7 + y * 13 + index * 29) % 61) as u8))
            };
            let picture = image::RgbImage::from_fn(50, 40, pixel);
            picture.save(dir.join(name).join(format!("{index}.png"))).unwrap();
        }
    }
}

#[test]
fn own_pictures_start_from_a_shipped_network() {
    let directory = tempfile::tempdir().unwrap();
    let (data, out) = (directory.path().join("pictures"), directory.path().join("run"));
    let classes = [("ant", [200, 40, 40]), ("bee", [40, 200, 40]), ("cow", [40, 40, 200])];
    coloured_pictures(&data, &classes, 15);
    let run = |args: &[&str]| {
        let short = ["--preset", "nano", "--epochs", "2", "--out", text(&out)];
        let output = trainer(&[&["--data", text(&data)], &short[..], args].concat());
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let config = std::fs::read(out.join("config.json")).unwrap();
        std::fs::remove_dir_all(&out).unwrap();
        (printed, serde_json::from_slice::<serde_json::Value>(&config).unwrap())
    };
    let (printed, config) = run(&[]);
    let origin = "starts from the shipped network nano (10 classes), with a new head for 3 classes";
    assert!(printed.contains(origin), "{printed}");
    assert_eq!(config["start"], "the shipped network nano", "{config}");
    assert_eq!(config["recipe"]["head_first"]["epochs"], 1, "one of two epochs: {config}");

    let (printed, config) = run(&["--from", "scratch"]);
    assert!(printed.contains("starts from random values"), "{printed}");
    assert!(config["start"].is_null() && config["recipe"]["head_first"].is_null(), "{config}");

    let (printed, config) = run(&["--image-size", "48x32"]);
    let size = "trained at 32 x 32 pixels, now at 48 x 32";
    assert!(printed.contains(size) && printed.contains("96 tokens"), "{printed}");
    assert_eq!(config["network"]["image"]["width"], 48, "{config}");
}

#[test]
fn a_trained_network_learns_other_classes() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let [red, green, blue] = [[200, 40, 40], [40, 200, 40], [40, 40, 200]];
    coloured_pictures(&path("two"), &[("ant", red), ("bee", green)], 12);
    coloured_pictures(&path("three"), &[("ant", red), ("bee", green), ("cow", blue)], 12);
    let run = |args: &[&str]| {
        let output = trainer(&[args, &["--epochs", "2"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = path("first");
    run(&["--preset", "vit-64x4", "--data", text(&path("two")), "--out", text(&first)]);
    let best = first.join("best.mpk");
    let tune = |data: &str, out: &str| {
        run(&["finetune", text(&best), "--data", text(&path(data)), "--out", text(&path(out))])
    };
    let printed = tune("three", "second");
    assert!(printed.contains("(2 classes), with a new head for 3 classes"), "{printed}");
    let printed = tune("two", "third");
    assert!(printed.contains("which knows these classes"), "{printed}");
    let eval = path("second").join("best.mpk");
    let eval = trainer(&["eval", text(&eval), "--data", text(&path("three"))]);
    assert!(eval.status.success(), "{}", String::from_utf8_lossy(&eval.stderr));
}

#[test]
fn a_network_of_some_classes_is_tested_on_them() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let size = ["--preset", "vit-64x4", "--epochs", "1", "--out", text(&out), "--json"];
    let some = ["--classes", "truck,bird", "--images-per-class", "20"];
    let output = trainer(&[&size[..], &some].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let config = std::fs::read(out.join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["data"]["classes"], serde_json::json!(["truck", "bird"]), "{config}");
    let count = |part: &str| config["data"][part].as_u64().unwrap();
    assert_eq!(count("train") + count("validation"), 40, "{config}");
    let eval = trainer(&["eval", text(&out.join("best.mpk")), "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&eval.stdout).unwrap();
    assert_eq!(found["images"], count("test"), "{found}");

    let error = refusal(&trainer(&["--classes", "bird,dodo"]), 1);
    assert!(error.contains("no class dodo") && error.contains("airplane"), "{error}");
    let error = refusal(&trainer(&["--leave-out", "dodo"]), 1);
    assert!(error.contains("no class dodo"), "{error}");
    let error = refusal(&trainer(&["--preset", "micro", "--image-size", "96"]), 1);
    assert!(error.contains("micro-96 (144 tokens)"), "{error}");
}

#[test]
fn a_sweep_continues_where_it_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("sweep");
    let sweep = |dims: &str, epochs: &str| {
        let size = ["--depth", "1", "--dim", dims, "--train-images", "50", "--epochs", epochs];
        trainer(&[&["sweep", "--out", text(&out)][..], &size].concat())
    };
    let printed = |output: &Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let first = printed(&sweep("8", "1"));
    assert!(first.contains("vit-64x4: 1 networks, 0 of them done; about "), "{first}");
    assert!(first.contains("| | dim 8 |\n|---|---:|\n| depth 1 | "), "{first}");
    let second = printed(&sweep("8,4", "1"));
    assert!(second.contains("2 networks, 1 of them done"), "{second}");
    assert_eq!(second.matches("depth  1").count(), 1, "one more is trained: {second}");
    let table = std::fs::read_to_string(out.join("sweep.csv")).unwrap();
    let shapes = table.lines().skip(1).map(|row| row.split(',').take(2).collect::<Vec<_>>());
    assert_eq!(shapes.collect::<Vec<_>>(), [["1", "4"], ["1", "8"]], "both, by width");
    assert!(!out.join("depth-1-dim-8/best.mpk").exists(), "networks are not kept");
    std::fs::remove_file(out.join("sweep.csv")).unwrap();
    printed(&sweep("8,4,8", "1"));
    assert_eq!(std::fs::read_to_string(out.join("sweep.csv")).unwrap(), table, "written again");
    let error = refusal(&sweep("8", "2"), 1);
    assert!(error.contains("other options"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    use super::*;

    #[test]
    fn an_interrupted_run_keeps_its_best_checkpoint() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path();
        let mut child = Command::new(env!("CARGO_BIN_EXE_trainer"))
            .args(["--train-images", "200", "--epochs", "100000", "--json", "--out", text(out)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The line of the first epoch: its checkpoint is written.
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("\"epoch\":1"), "{line}");
        let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(interrupt.unwrap().success(), "kill");
        stdout.read_to_string(&mut line).unwrap();
        let error = refusal(&child.wait_with_output().unwrap(), 1);
        assert!(error.contains("best.mpk has the network of epoch"), "{error}");
        assert!(error.ends_with("interrupted"), "{error}");

        let files = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
        let mut files = files.map(|name| name.into_string().unwrap()).collect::<Vec<_>>();
        files.sort_unstable();
        let expected = ["best.mpk", "config.json", "curves.svg", "metrics.csv", "resume.bin"];
        assert_eq!(files, expected, "whole files and no others");
        let eval = trainer(&["eval", text(&out.join("best.mpk"))]);
        let printed = String::from_utf8_lossy(&eval.stdout);
        assert!(eval.status.success() && printed.starts_with("test accuracy "), "{printed}");
    }

    /// Killed twice: once while it learns, and once after the table of its epochs and perhaps its best
    /// checkpoint were written, but not the state from which it continues.
    #[test]
    fn a_killed_run_has_the_result_of_an_uninterrupted_run() {
        let directory = tempfile::tempdir().unwrap();
        let (whole, parts) = (directory.path().join("whole"), directory.path().join("parts"));
        let run = |out: &Path, resume: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
            command.args(["--preset", "vit-64x4", "--train-images", "150", "--epochs", "20"]);
            // Only the first run gets the size of the parts of a batch.
            command.args(if resume.is_empty() { &["--micro-batch", "24"][..] } else { resume });
            command.args(["--json", "--out", text(out)]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let to_its_end = |out: &Path, resume: &[&str]| {
            let output = run(out, resume).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        let rows = |out: &Path| {
            let table = std::fs::read_to_string(out.join("metrics.csv")).unwrap();
            let untimed = |line: &str| line.rsplitn(3, ',').last().map(str::to_owned);
            table.lines().filter_map(untimed).collect::<Vec<_>>()
        };
        to_its_end(&whole, &[]);

        for (resume, in_an_epoch) in [(&[][..], true), (&["--resume"], false)] {
            let mut child = run(&parts, resume).spawn().unwrap();
            let mut line = String::new();
            let mut stdout = BufReader::new(child.stdout.take().unwrap());
            stdout.read_line(&mut line).unwrap();
            assert!(line.contains("\"epoch\""), "{line}");
            let epochs = rows(&parts).len();
            while !in_an_epoch && rows(&parts).len() == epochs {
                assert!(child.try_wait().unwrap().is_none(), "it still learns");
            }
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success(), "killed before its end");
        }
        to_its_end(&parts, &["--resume"]);
        assert_eq!(rows(&parts), rows(&whole), "the same losses to the last digit");
        let bytes = |out: &Path| std::fs::read(out.join("best.mpk")).unwrap();
        assert!(bytes(&parts) == bytes(&whole), "the same checkpoint");
    }

    /// A limit on the size of files stands for a full disk: a write fails half-way.
    #[test]
    fn a_full_disk_leaves_no_part_of_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path();
        let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_trainer")])
            .args(["--train-images", "100", "--epochs", "1", "--out", text(out)])
            .output()
            .unwrap();
        let error = refusal(&output, 1);
        assert!(error.contains("best.mpk") && error.contains("free some space"), "{error}");
        let files = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(files.collect::<Vec<_>>(), ["config.json"], "what was written before");
    }
}
