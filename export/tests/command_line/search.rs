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
    let precision = |compared: &str| {
        let rows = found["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["compared"] == compared);
        row.unwrap_or_else(|| panic!("no {compared}: {found}"))["mean_average_precision"].as_f64()
    };
    // One in ten images is of the class by chance.
    for (compared, least) in [
        ("class_real", 0.7),
        ("class", 0.7),
        ("class_code", 0.7),
        ("appearance", 0.12),
        ("appearance_code", 0.11),
        ("default", 0.6),
        ("default_code", 0.6),
        ("embedding", 0.6),
        ("pixels", 0.11),
    ] {
        let precision = precision(compared).unwrap();
        assert!(precision > least && precision <= 1.0, "{compared}: {precision}");
    }
    for part in ["class", "appearance"] {
        let (real, int8) = (precision(&format!("{part}_real")), precision(part));
        let difference = real.unwrap() - int8.unwrap();
        assert!(difference.abs() < 0.01, "{part}: rounding loses {difference}");
    }

    write_pictures(&pictures);
    let unseen = ["--protocol", "rest", "--unseen", text(&pictures), "--json"];
    let found = json(&[&["retrieval", text(&described), "--queries", "20"], &unseen[..]].concat());
    assert_eq!(found["queries"], 20, "{found}");
    let database = found["database"].as_u64().unwrap();
    assert!(
        (5000..5200).contains(&database),
        "training images and the rest of the others: {found}"
    );
    let rows = found["unseen"][0]["rows"].as_array().unwrap();
    // There are 8 pictures of each class: 20 of them cannot be examples.
    assert!(rows.iter().all(|row| row["examples"] == 1 || row["examples"] == 5), "{found}");
    let of = |examples: u64, compared: &str| {
        let row =
            |row: &&serde_json::Value| row["examples"] == examples && row["compared"] == compared;
        rows.iter().find(row).unwrap()["accuracy"].as_f64().unwrap()
    };
    for compared in ["appearance_real", "appearance", "pixels"] {
        assert!(of(5, compared) > 0.9, "two shades, {compared}: {found}");
    }

    let module = path("index.rs");
    let args = ["index", text(&described), text(&pictures), text(&index)];
    let made = json(&[&args[..], &["--rust", text(&module), "--json"]].concat());
    assert_eq!((&made["entries"], &made["labels"]), (&16.into(), &["cup", "tree"][..].into()));
    let module = std::fs::read_to_string(&module).unwrap();
    for part in ["include_bytes!(\"index.bin\")", "ENTRIES: usize = 16", "[\"cup\", \"tree\"]"] {
        assert!(module.contains(part), "no {part} in {module}");
    }
    let bytes = std::fs::read(&index).unwrap();
    let index = Index::parse(&bytes).unwrap();
    // Both folders have a picture 0: the numbers are no ids.
    assert_eq!(index.entry(15).unwrap().id, 15, "the place");
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
fn numbers_of_files_are_ids() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (described, index, pictures) = (path("full.bin"), path("index.bin"), path("pictures"));
    json(&["descriptor", text(&nano()), text(&described), "--images", "300", "--json"]);
    write_pictures(&pictures);
    for number in 0..8 {
        let tree = pictures.join("tree");
        let to = tree.join(format!("{}.png", 900 - number));
        std::fs::rename(tree.join(format!("{number}.png")), to).unwrap();
    }
    json(&["index", text(&described), text(&pictures), text(&index), "--json"]);
    let bytes = std::fs::read(&index).unwrap();
    let index = Index::parse(&bytes).unwrap();
    let ids: Vec<u32> = (0..16).map(|position| index.entry(position).unwrap().id).collect();
    assert_eq!(ids, (0..8).chain(893..=900).collect::<Vec<_>>(), "ids");
    assert_eq!(index.entry(8).unwrap().name, Some("tree/893.png"), "and their files");
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

#[cfg(not(feature = "qdrant"))]
#[test]
fn a_program_without_the_client_of_qdrant_says_how_to_get_it() {
    let refused = refusal(&export(&["qdrant", "index.bin", "--collection", "known"]), 1);
    assert!(refused.contains("--features qdrant"), "{refused}");
}
