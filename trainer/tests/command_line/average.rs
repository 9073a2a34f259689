//! `trainer average`.

use std::path::{Path, PathBuf};

use super::{refusal, text, trainer};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name).join("best.mpk")
}

#[test]
fn the_best_share_on_validation_images_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let (nano, out) = (shipped("nano"), directory.path().join("mean.mpk"));
    let said = trainer(&["average", text(&nano), text(&nano), text(&out)]);
    let table = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let rows: Vec<_> = table.lines().filter(|line| line.contains("accuracy")).collect();
    assert_eq!(rows.len(), 11, "a row for each share: {table}");
    let of = |row: &str| row.split_once("accuracy").map(|(_, found)| found.to_owned());
    assert_eq!(of(rows[0]), of(rows[10]), "a network and itself");
    assert!(out.exists(), "the mean is written");
    let again = trainer(&["average", text(&nano), text(&nano), text(&out), "--share", "0.5"]);
    let error = refusal(&again, 1);
    assert!(error.contains("mean.mpk"), "an existing file is kept: {error}");
}

#[test]
fn networks_without_a_mean_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("mean.mpk");
    let (nano, micro) = (shipped("nano"), shipped("micro"));
    let args = ["average", text(&nano), text(&micro), text(&out), "--share", "0.5"];
    let error = refusal(&trainer(&args), 1);
    assert!(error.contains("layers or sizes"), "{error}");
    let shares = ["average", text(&nano), text(&nano), text(&out), "--share", "1.5"];
    let error = refusal(&trainer(&shares), 2);
    assert!(error.contains("from 0 to 1"), "{error}");
    assert!(!out.exists(), "nothing is written");
}
