//! The trained networks that come with the source: each blob belongs to its checkpoint, and both are as
//! accurate as published.

use export::blob::AnyModel;
use export::float::FloatModel;
use export::verify::{Accuracy, classify};
use runtime::{Attributes, Descriptor, Model};
use std::path::Path;

/// Every directory of `trainer/models`, its preset, and how many of the 1,000 built-in test images its
/// blob classifies correctly.
const MODELS: [(&str, &str, usize); 5] = [
    ("compact", "compact", 954),
    ("compact-maps", "compact", 938),
    ("first-5000", "micro", 831),
    ("micro", "micro", 933),
    ("nano", "nano", 899),
];
/// The networks with a `full.bin`, which has attributes and a descriptor as well.
const FULL: [&str; 4] = ["compact", "compact-maps", "micro", "nano"];
/// Images whose logits are compared.
const COMPARED: usize = 50;
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

#[test]
fn full_blobs_have_more_heads_and_the_same_logits() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models");
    let test = trainer::data::embedded().unwrap().test;
    for name in FULL {
        let read = |file| std::fs::read(models.join(name).join(file)).unwrap();
        let (plain, full) = (read("model.bin"), read("full.bin"));
        let (plain, full) = (Model::parse(&plain).unwrap(), Model::parse(&full).unwrap());
        assert!(Attributes::parse(&plain).unwrap().is_none(), "{name}: model.bin has attributes");
        let attributes = Attributes::parse(&full).unwrap().expect("attributes");
        assert_eq!(attributes.len(), 20, "{name}: attributes");
        assert!(Descriptor::parse(&full).unwrap().is_some(), "{name}: no descriptor");
        let (mut one, mut other) = (vec![0; plain.arena_len()], vec![0; full.arena_len()]);
        for index in 0..COMPARED {
            let image = test.image(index);
            let (plain, full) =
                (plain.run(image, &mut one).unwrap(), full.run(image, &mut other).unwrap());
            assert_eq!(plain.logits(), full.logits(), "{name}: logits of image {index}");
        }
    }
}
