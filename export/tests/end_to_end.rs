//! The whole chain on real images: training, checkpoint, export, run.

use export::blob::AnyModel;
use export::float::FloatModel;
use export::verify::{Accuracy, classify};
use export::{Method, unwatched};
use runtime::config::Preset;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use trainer::backend::BackendChoice;
use trainer::data;
use trainer::progress::Progress;
use trainer::recipe::Recipe;
use trainer::train::Run;

/// Enough training for an accuracy far above the 10 % of chance, but short enough for every test run.
const TRAIN_IMAGES: usize = 1200;
const EPOCHS: usize = 6;
const TEST_IMAGES: usize = 500;

#[test]
fn a_network_is_trained_exported_and_run() {
    let directory = tempfile::tempdir().unwrap();
    let mut dataset = data::embedded().unwrap();
    dataset.train = dataset.train.take(TRAIN_IMAGES);
    let config = Preset::Micro.config(10).unwrap();
    let recipe = Recipe { epochs: EPOCHS, ..Recipe::small_data(Preset::Micro) };
    let run = Run {
        preset: Preset::Micro.name(),
        config: &config,
        recipe: &recipe,
        dataset: &dataset,
        micro_batch: recipe.batch_size,
        out: directory.path(),
        start: None,
        attributes: None,
        quantize: false,
        teacher: None,
        scores: None,
        resume: false,
        stop: &AtomicBool::new(false),
    };
    let outcome =
        BackendChoice::Flex.train(run, NonZeroUsize::MIN, &mut Progress::hidden()).unwrap();
    let (first, last) = (&outcome.epochs[0], &outcome.epochs[EPOCHS - 1]);
    assert!(last.train_loss < first.train_loss, "the loss falls: {first:?} to {last:?}");
    for file in ["best.mpk", "metrics.csv", "curves.svg"] {
        assert!(directory.path().join(file).is_file(), "{file} is there");
    }

    let float = FloatModel::load(&outcome.checkpoint).unwrap();
    let test = dataset.test.take(TEST_IMAGES);
    let expected = float.classify(&test, |_| {}).unwrap();
    let reference = Accuracy::count(&expected, &test);
    assert!(reference.percent() >= 20.0, "float accuracy {reference}");

    let images = dataset.train.take(128);
    let (_, int8) = export::quantize(&float, &images, Method::default(), unwatched).unwrap();
    let f16 = export::assemble::assemble_f16(&float.weights().unwrap()).unwrap();
    for (blob, least) in [(int8.blob, 85.0), (f16, 97.0)] {
        let model = AnyModel::parse(&blob).unwrap();
        let found = classify(&model, &test, |_| {}).unwrap();
        let agreement = Accuracy::agreement(&expected, &found);
        let accuracy = Accuracy::count(&found, &test);
        let precision = model.precision();
        println!("float {reference}, {precision} {accuracy}, agreement {agreement}");
        assert!(agreement.percent() >= least, "{precision} agrees on {agreement}");
        let lost = reference.percent() - accuracy.percent();
        assert!(lost <= 4.0, "{precision} accuracy {accuracy}, float {reference}");
    }
}
