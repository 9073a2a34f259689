//! The trained golden blob: under every kernel set its logits on the 1,000 embedded test images
//! hash to the published value.

use runtime::{Kernels, Model};
use std::thread;
use tests::golden::{Verdict, directory, verdict};

const MISSING: &str = "`cargo run -p tests --bin regen_golden -- --micro model.bin` writes it";

#[test]
fn the_logits_of_the_trained_blob_hash_to_the_published_value() {
    let path = directory(1).join("micro.bin");
    let blob = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; {MISSING}", path.display()));
    let published = std::fs::read_to_string(path.with_extension("logits"))
        .unwrap_or_else(|error| panic!("micro.logits: {error}; {MISSING}"));
    let model = Model::parse(&blob).unwrap();
    let test = trainer::data::embedded().unwrap().test;
    assert_eq!(test.len(), 1000, "embedded test images");
    let verdicts: Vec<(&str, Verdict)> = thread::scope(|scope| {
        let start = |kernels: &'static Kernels| {
            let model = model.clone().with_kernels(kernels);
            let images = (0..test.len()).map(|i| (test.image(i), test.label(i)));
            scope.spawn(move || (kernels.name, verdict(&model, images).unwrap()))
        };
        // All are started before the first is waited for.
        let threads: Vec<_> = Kernels::all().map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (kernels, verdict) in verdicts {
        assert_eq!(
            verdict.logits.to_string(),
            published.trim_end(),
            "{kernels}: hash of the logits"
        );
        // What a network gets that was trained, with room for another choice of record.
        assert!(verdict.correct >= 500, "{kernels}: {} of 1000 correct", verdict.correct);
    }
}
