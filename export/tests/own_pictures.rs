//! The whole chain on a user's own pictures: folders, training, blob, class names.

use export::blob::AnyModel;
use export::float::FloatModel;
use export::verify::{Accuracy, classify};
use export::{Method, unwatched};
use image::{Rgb, RgbImage};
use runtime::config::Preset;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use trainer::backend::BackendChoice;
use trainer::data::{self, DataSource, Reading};
use trainer::progress::Progress;
use trainer::recipe::Recipe;
use trainer::train::Run;

const CLASSES: [(&str, [u8; 3]); 3] =
    [("meadow", [40, 160, 50]), ("sky", [90, 150, 230]), ("sunset", [230, 90, 40])];

/// Pictures of one colour with a gradient and some noise, each different.
fn pictures(dir: &Path, count: u32) {
    for (class, colour) in CLASSES {
        std::fs::create_dir_all(dir.join(class)).unwrap();
        for index in 0..count {
            let picture = RgbImage::from_fn(64 + index, 48, |x, y| {
                let noise = (x * 7919 + y * 104_729 + index * 31) % 41;
                Rgb(colour.map(|value| value.saturating_add((noise + y / 4) as u8)))
            });
            picture.save(dir.join(class).join(format!("{index}.jpg"))).unwrap();
        }
    }
}

#[test]
fn pictures_become_a_blob_with_their_names() {
    let directory = tempfile::tempdir().unwrap();
    pictures(&directory.path().join("pictures"), 24);
    let dataset = data::open(&directory.path().join("pictures"), Reading::default()).unwrap();
    assert_eq!(dataset.train.len() + dataset.test.len(), 72, "all pictures");
    for class in 0..3 {
        assert!(dataset.test.labels().contains(&class), "some of class {class} to test on");
    }
    let config = Preset::Nano.config(3).unwrap();
    let recipe = Recipe { epochs: 12, batch_size: 12, ..Recipe::small_data(Preset::Nano) };
    let run = Run {
        preset: Preset::Nano.name(),
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
    let float = FloatModel::load(&outcome.checkpoint).unwrap();
    assert_eq!(float.source(), DataSource::Pictures, "nothing is built in for these classes");
    let (_, quantized) =
        export::quantize(&float, &dataset.train, Method::default(), unwatched).unwrap();
    let model = AnyModel::parse(&quantized.blob).unwrap();
    let names: Vec<_> = (0..3).filter_map(|class| model.class_name(class)).collect();
    assert_eq!(names, CLASSES.map(|(name, _)| name), "the folders' names");
    let accuracy =
        Accuracy::count(&classify(&model, &dataset.test, |_| {}).unwrap(), &dataset.test);
    assert!(accuracy.percent() >= 75.0, "{accuracy} of pictures that differ by colour");
}
