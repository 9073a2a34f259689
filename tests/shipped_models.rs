//! The trained networks that come with the source: record and blob belong together and are right.

use export::blob::AnyModel;
use export::float::FloatModel;
use export::verify::{Accuracy, classify};
use std::path::Path;

/// Every directory of `trainer/models`, with its preset and the correct ones of the 1,000 embedded
/// test images that its blob gives, the same under every kernel set.
const MODELS: [(&str, &str, usize); 4] = [
    ("compact", "compact", 954),
    ("first-5000", "micro", 831),
    ("micro", "micro", 936),
    ("nano", "nano", 910),
];
/// Images of 1,000 to which record and blob give the same class, at least.
const LEAST_AGREEMENT: usize = 970;

#[test]
fn blobs_are_as_right_as_published_and_agree_with_their_records() {
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
        assert_eq!(float.preset(), preset, "{name}: the record's own name");
        let expected = float.classify(&test, |_| {}).unwrap();
        let agreement = Accuracy::agreement(&expected, &found);
        assert!(agreement.correct >= LEAST_AGREEMENT, "{name}: {agreement} agree");
    }
}
