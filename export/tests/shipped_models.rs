//! The trained networks that come with the source: each blob belongs to its checkpoint, and both are as
//! accurate as published.

use export::blob::AnyModel;
use export::float::FloatModel;
use export::verify::{Accuracy, classify};
use std::path::Path;

/// Every directory of `trainer/models`, its preset, and how many of the 1,000 built-in test images its
/// blob classifies correctly.
const MODELS: [(&str, &str, usize); 4] = [
    ("compact", "compact", 954),
    ("first-5000", "micro", 831),
    ("micro", "micro", 936),
    ("nano", "nano", 909),
];
/// Minimum number of the 1,000 images to which checkpoint and blob give the same class.
const MIN_AGREEMENT: usize = 970;

#[test]
fn blobs_are_as_accurate_as_published_and_agree_with_their_checkpoints() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models");
    let entries = std::fs::read_dir(&models).unwrap().map(Result::unwrap);
    let shipped = entries.filter(|entry| entry.path().is_dir()).count();
    assert_eq!(shipped, MODELS.len(), "every model is tested");
    let test = trainer::data::embedded().unwrap().test;
    for (name, preset, correct) in MODELS {
        let directory = models.join(name);
        let blob = std::fs::read(directory.join("model.bin")).unwrap();
        let model = AnyModel::parse(&blob).unwrap();
        let found = classify(&model, &test, |_| {}).unwrap();
        let accuracy = Accuracy::count(&found, &test);
        assert_eq!(accuracy.correct, correct, "{name}: {accuracy}");

        let float = FloatModel::load(&directory.join("best.mpk")).unwrap();
        assert_eq!(float.preset(), preset, "{name}: the checkpoint's own name");
        let expected = float.classify(&test, |_| {}).unwrap();
        let agreement = Accuracy::agreement(&expected, &found);
        assert!(agreement.correct >= MIN_AGREEMENT, "{name}: {agreement} agree");
    }
}
