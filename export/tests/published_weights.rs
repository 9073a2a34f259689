//! Published weights against their published logits and accuracies; skipped without the files.

use std::io::Write;
use std::path::{Path, PathBuf};

use export::blob::AnyModel;
use export::float::{Backend, FloatModel};
use export::verify::{self, Accuracy};
use export::{Method, unwatched};
use runtime::config::Preset;
use runtime::site::SiteId;
use trainer::checkpoint;
use trainer::data::{self, Images};
use trainer::import::{self, Options};

/// The directory that an environment variable names. Without the variable, a message says how to run the
/// test.
fn directory(test: &str, variable: &str, what: &str) -> Option<PathBuf> {
    let directory = std::env::var_os(variable).map(PathBuf::from);
    if directory.is_none() {
        // Not eprintln!, whose output the test harness captures.
        let notice = format!("SKIPPED {test}: set {variable} to {what} to run it\n");
        std::io::stderr().write_all(notice.as_bytes()).unwrap();
    }
    directory
}

/// Imports a file and reads its checkpoint back, as the exporter would.
fn imported(weights: &Path, preset: Option<Preset>) -> FloatModel {
    let options = Options { preset, ..Options::default() };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("best.mpk");
    let checkpoint = import::load::<Backend>(weights, &options, &Default::default()).unwrap();
    checkpoint::save(&path, &checkpoint).unwrap();
    FloatModel::load(&path).unwrap()
}

/// Largest distance between the logits of `images` and those in a file of little-endian f32.
fn distance(model: &FloatModel, images: &Images, logits: &Path) -> f32 {
    let bytes = std::fs::read(logits).unwrap();
    let (words, _) = bytes.as_chunks::<4>();
    let mut found = Vec::new();
    let keep = |site, values: &[f32], _| {
        if site == SiteId::Logits {
            found.extend_from_slice(values);
        }
    };
    model.observe(images, keep, |_| {}).unwrap();
    assert_eq!(found.len(), words.len(), "logits of {} images", images.len());
    let pairs = found.iter().zip(words);
    pairs.map(|(found, &word)| (found - f32::from_le_bytes(word)).abs()).fold(0.0, f32::max)
}

#[test]
fn the_compact_reference_reproduces_its_logits_and_accuracy() {
    let test = "the_compact_reference_reproduces_its_logits_and_accuracy";
    let weights = directory(test, "OCELLI_REFERENCE", "the directory of compact.safetensors");
    let images = directory(test, "OCELLI_CIFAR10", "the binary version of CIFAR-10");
    let (Some(weights), Some(images)) = (weights, images) else {
        return;
    };
    let data = data::cifar10(&images).unwrap();
    let float = imported(&weights.join("compact.safetensors"), Some(Preset::Compact));
    let logits = weights.join("compact_logits_test0_255.f32");
    let worst = distance(&float, &data.test.take(256), &logits);
    assert!(worst < 1e-3, "logits differ by up to {worst}");

    let (_, quantized) =
        export::quantize(&float, &data.train.sample(512, 1), Method::default(), unwatched).unwrap();
    let model = AnyModel::parse(&quantized.blob).unwrap();
    let float = float.classify(&data.test, |_| {}).unwrap();
    let float = Accuracy::count(&float, &data.test);
    let int8 = verify::classify(&model, &data.test, |_| {}).unwrap();
    let int8 = Accuracy::count(&int8, &data.test);
    let figures = format!("logits {worst:e}, float {float}, int8 {int8}\n");
    std::io::stderr().write_all(figures.as_bytes()).unwrap();
    assert!((95.8..=96.0).contains(&float.percent()), "float {float}");
    assert!(int8.percent() >= 95.4, "int8 {int8}");
}

#[test]
fn plain_transformers_reproduce_their_logits() {
    let test = "plain_transformers_reproduce_their_logits";
    let Some(models) = directory(test, "OCELLI_PEERS", "the directory of vit-64x4.safetensors")
    else {
        return;
    };
    for preset in [Preset::Vit64x4, Preset::Vit128x6] {
        let name = preset.name();
        let pixels = std::fs::read(models.join(format!("{name}.images.u8"))).unwrap();
        let count = pixels.len() / (32 * 32 * 3);
        let images = Images::new(32, 32, pixels, vec![0; count]).unwrap();
        let weights = models.join(format!("{name}.safetensors"));
        for stated in [Some(preset), None] {
            let float = imported(&weights, stated);
            assert_eq!(float.preset(), name, "recognised preset");
            let logits = models.join(format!("{name}.logits.f32"));
            let worst = distance(&float, &images, &logits);
            assert!(worst < 1e-3, "{name}: logits differ by up to {worst}");
        }
    }
}
