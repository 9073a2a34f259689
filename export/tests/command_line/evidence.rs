//! `export evidence`.

use super::{export, refusal, text};
use std::path::{Path, PathBuf};

fn shipped(network: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models").join(network).join(file)
}

#[test]
fn the_checkpoint_must_be_that_of_the_blob() {
    let blob = shipped("nano", "model.bin");
    let args = ["evidence", text(&blob), "--grids", "4", "--images", "4", "--json", "--checkpoint"];
    let own = shipped("nano", "best.mpk");
    let output = export(&[&args[..], &[text(&own)]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let masked = &found["pointing"][0]["masked_attention"];
    assert!(masked["share"].as_f64().is_some_and(|share| share > 0.0), "{masked}");

    // A network of the same shape.
    let (blob, other) = (shipped("micro", "model.bin"), shipped("first-5000", "best.mpk"));
    let error = refusal(&export(&["evidence", text(&blob), "--checkpoint", text(&other)]), 1);
    assert!(error.contains("is not the network of"), "{error}");
}
