//! Pages for a browser, as a shell sees them.

use super::{export, refusal, text};
use std::path::{Path, PathBuf};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models/nano").join(name)
}

/// Writes a page that must be written, and returns what the command prints.
fn write(args: &[&str]) -> String {
    let output = export(&[&["page"], args].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Two labels with three pictures each.
fn write_pictures(directory: &Path) {
    for (label, shade) in [("cup", 40), ("tree", 160)] {
        std::fs::create_dir_all(directory.join(label)).unwrap();
        for number in 0..3u8 {
            let colour = |x, y| image::Rgb([shade + number, x as u8 * 7, y as u8 * (number + 1)]);
            let picture = image::RgbImage::from_fn(32, 32, colour);
            picture.save(directory.join(label).join(format!("{number}.png"))).unwrap();
        }
    }
}

#[test]
fn a_page_is_written_and_replaced_but_nothing_of_the_users() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (page, pictures, index) = (path("new/page"), path("pictures"), path("index.bin"));
    let full = model("full.bin");
    write_pictures(&pictures);
    assert!(export(&["index", text(&full), text(&pictures), text(&index)]).status.success());

    let with_index = ["--index", text(&index), "--pictures", text(&pictures)];
    let base = [text(&full), text(&page)];
    write(&[&base[..], &with_index, &["--title", "Cups & <trees>"]].concat());
    let settings = || -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(page.join("page.json")).unwrap()).unwrap()
    };
    assert_eq!(settings()["title"], "Cups & <trees>", "the title");
    assert_eq!(settings()["samples"], true, "a network for CIFAR-10");
    let mut listed: Vec<_> = settings()["files"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .chain(["page.json".into()])
        .collect();
    listed.sort();
    assert_eq!(files(&page), listed, "the files that the page lists");
    assert_eq!(std::fs::read(page.join("model.bin")).unwrap(), std::fs::read(&full).unwrap());
    let sheet = image::open(page.join("known.jpg")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (64 * 32, 64), "six small pictures");

    // An unchanged page is replaced, and what it has no longer is gone.
    let printed = write(&[&base[..], &["--json"]].concat());
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["files"].as_u64(), Some(files(&page).len() as u64), "{printed}");
    assert!(!page.join("index.bin").exists() && !page.join("known.jpg").exists(), "no index");

    std::fs::write(page.join("style.css"), "body { color: red }").unwrap();
    let error = refusal(&export(&[&["page"], &base[..]].concat()), 1);
    assert!(error.contains("style.css") && error.contains("--overwrite"), "{error}");
    assert_eq!(std::fs::read(page.join("style.css")).unwrap(), b"body { color: red }", "kept");
    write(&[&base[..], &["--overwrite"]].concat());
    assert_ne!(std::fs::read(page.join("style.css")).unwrap(), b"body { color: red }", "replaced");
}

#[test]
fn what_cannot_become_a_page_is_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (page, pictures, index) = (path("page"), path("pictures"), path("index.bin"));
    let (full, plain) = (model("full.bin"), model("model.bin"));
    write_pictures(&pictures);
    assert!(export(&["index", text(&full), text(&pictures), text(&index)]).status.success());
    let refused = |args: &[&str]| refusal(&export(&[&["page"], args].concat()), 1);
    let with_index = ["--index", text(&index)];
    let micro = model("../micro/full.bin");
    for (blob, expected) in [(&plain, "no descriptor"), (&micro, "was made with network")] {
        let error = refused(&[&[text(blob), text(&page)], &with_index[..]].concat());
        assert!(error.contains(expected), "{error}");
    }
    std::fs::write(path("noise.bin"), "noise").unwrap();
    let noise = path("noise.bin");
    assert!(refused(&[text(&noise), text(&page)]).contains("noise.bin cannot be used"), "a blob");
    let error = refused(&[text(&full), text(&page), "--index", text(&noise)]);
    assert!(error.contains("export index"), "{error}");
    let empty = path("empty");
    std::fs::create_dir(&empty).unwrap();
    let args = [text(&full), text(&page), "--index", text(&index), "--pictures", text(&empty)];
    assert!(refused(&args).contains("none of the pictures"), "a folder without the pictures");
    assert!(!page.exists(), "nothing was written");

    // The blob lies where the page would have its own.
    std::fs::create_dir(&page).unwrap();
    let blob = page.join("model.bin");
    std::fs::copy(&full, &blob).unwrap();
    assert!(refused(&[text(&blob), text(&page)]).contains("would be replaced"), "its own input");
    let error = refused(&[text(&full), text(&page)]);
    assert!(error.contains("model.bin is there already"), "{error}");
    assert_eq!(files(&page), ["model.bin"], "nothing beside it");
}
