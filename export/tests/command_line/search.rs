//! A descriptor, an index and what a search finds, as a shell sees them.

use super::{export, refusal, text};
use runtime::Model;
use runtime::search::{Index, Likeness};
use std::path::{Path, PathBuf};

fn nano() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models/nano/model.bin")
}

fn json(args: &[&str]) -> serde_json::Value {
    let output = export(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one object")
}

/// Two folders of pictures, each of one shade.
fn write_pictures(directory: &Path) {
    for (label, shade) in [("cup", 40), ("tree", 160)] {
        std::fs::create_dir_all(directory.join(label)).unwrap();
        for number in 0..8u8 {
            let picture = image::RgbImage::from_fn(32, 32, |x, y| {
                image::Rgb([shade + number, x as u8 * 7, y as u8 * (number + 1)])
            });
            picture.save(directory.join(label).join(format!("{number}.png"))).unwrap();
        }
    }
}

#[test]
fn a_network_gets_a_descriptor_and_pictures_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (described, index, pictures) = (path("full.bin"), path("index.bin"), path("pictures"));
    let nano = nano();
    let made = json(&["descriptor", text(&nano), text(&described), "--images", "400", "--json"]);
    assert!(made["added_bytes"].as_u64().unwrap() <= 45_000, "{made}");
    let bytes = std::fs::read(&described).unwrap();

    let plain = std::fs::read(&nano).unwrap();
    let (before, after) = (Model::parse(&plain).unwrap(), Model::parse(&bytes).unwrap());
    let image: Vec<u8> = (0..=255).cycle().take(3072).collect();
    let mut arena = vec![0; before.arena_len()];
    let logits = before.run(&image, &mut arena).unwrap().logits().to_vec();
    assert_eq!(after.arena_len(), arena.len(), "the arena of a plain run");
    assert_eq!(after.run(&image, &mut arena).unwrap().logits(), logits, "logits");

    let retrieval = ["retrieval", text(&described), "--queries", "40", "--database", "400"];
    let found = json(&[&retrieval[..], &["--json"]].concat());
    let precision = |row: usize| found["rows"][row]["mean_average_precision"].as_f64().unwrap();
    // One in ten images is of the class by chance.
    for (row, least) in [(0, 0.7), (1, 0.7), (2, 0.12), (3, 0.11), (4, 0.6)] {
        assert!(precision(row) > least && precision(row) <= 1.0, "row {row} of {found}");
    }

    write_pictures(&pictures);
    let made = json(&["index", text(&described), text(&pictures), text(&index), "--json"]);
    assert_eq!((&made["entries"], &made["labels"]), (&16.into(), &["cup", "tree"][..].into()));
    let bytes = std::fs::read(&index).unwrap();
    let index = Index::parse(&bytes).unwrap();
    for position in 0..16 {
        let entry = index.entry(position).unwrap();
        let label = entry.label.and_then(|label| index.label_name(label)).unwrap();
        assert!(entry.name.unwrap().starts_with(label), "{:?}, labelled {label}", entry.name);
        let found = index.nearest::<4>(&entry.fingerprint, Likeness::Appearance).unwrap();
        assert_eq!((found[0].id, found[0].distance), (entry.id, 0), "itself");
        for other in found {
            let other = index.entry(other.position).unwrap();
            assert_eq!(other.label, entry.label, "{:?} is near {:?}", other.name, entry.name);
        }
    }
}

#[test]
fn what_is_no_descriptor_or_would_be_lost_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    write_pictures(&path("pictures"));
    let (nano, pictures) = (nano(), path("pictures"));
    let plain = export(&["index", text(&nano), text(&pictures), text(&path("index.bin"))]);
    assert!(refusal(&plain, 1).contains("export descriptor"), "the command that adds one");
    assert!(!path("index.bin").exists(), "an index was left behind");
    std::fs::write(path("photo.jpg"), "a photo").unwrap();
    let photo = path("photo.jpg");
    let lost = export(&["index", text(&nano), text(&pictures), text(&photo)]);
    assert!(refusal(&lost, 1).contains("not an index"), "what is no index");
    let lost = export(&["descriptor", text(&nano), text(&photo)]);
    assert!(refusal(&lost, 1).contains("not a blob"), "what is no blob");
    let lost = export(&["descriptor", text(&nano), text(&nano)]);
    assert!(refusal(&lost, 1).contains("would be replaced"), "the input");
    assert_eq!(std::fs::read(&photo).unwrap(), b"a photo", "the photo");
}
