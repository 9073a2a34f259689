//! Short runs on images that are easy to tell apart.

use burn_flex::Flex;
use burn_ndarray::NdArray;
use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, Pool, Preset, StemSpec, StemStage, VitSpec,
};

use super::*;
use crate::data::{DataSource, Images};
use crate::model::DropoutRates;

fn config() -> VitConfig {
    let stages = [
        StemStage::Conv { channels: 6, stride: 2, gelu: true },
        StemStage::Conv { channels: 8, stride: 2, gelu: false },
    ];
    VitConfig::new(VitSpec {
        image: ImageSpec { height: 8, width: 8 },
        stem: StemSpec::Conv(stages.into_iter().collect()),
        dim: 8,
        depth: 1,
        attention: AttentionSpec { heads: 2, head_dim: 4 },
        mlp: MlpSpec { dim: 12, depthwise: true, second_gelu: false },
        pool: Pool::Mean,
        hidden: [].into_iter().collect(),
        classes: 3,
    })
    .unwrap()
}

/// Noise with more red, green or blue, by the label.
fn images(count: usize) -> Images {
    let labels = (0..count).map(|i| (i % 3) as u16).collect::<Vec<_>>();
    let pixel = |i: usize, at: usize| {
        let noise = (i * 7919 + at * 104_729) % 97;
        (noise + if at % 3 == i % 3 { 110 } else { 50 }) as u8
    };
    let pixels = (0..count).flat_map(|i| (0..8 * 8 * 3).map(move |at| pixel(i, at))).collect();
    Images::new(8, 8, pixels, labels).unwrap()
}

fn dataset() -> Dataset {
    let classes = ["red", "green", "blue"].map(String::from).into();
    Dataset { train: images(120), test: images(30), classes, source: DataSource::Cifar10 }
}

fn recipe() -> Recipe {
    Recipe { epochs: 6, batch_size: 16, learning_rate: 1e-2, ..Recipe::small_data(Preset::Micro) }
}

fn run<B: HostBackend>(recipe: &Recipe, out: &Path) -> Result<Outcome> {
    let (config, dataset) = (config(), dataset());
    let run = Run { preset: "test", config: &config, recipe, dataset: &dataset, out };
    train::<B>(run, &B::Device::default(), &mut Progress::hidden())
}

#[test]
fn a_run_learns_and_leaves_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("new/run");
    let outcome = run::<Flex>(&recipe(), &out).unwrap();
    let losses = outcome.epochs.iter().map(|row| row.train_loss).collect::<Vec<_>>();
    assert_eq!(losses.len(), 6, "epochs");
    assert!(losses[5] < 0.7 * losses[0], "the loss falls: {losses:?}");
    let best = &outcome.epochs[outcome.best - 1];
    assert!(best.validation_accuracy > 0.9, "colours are told apart: {best:?}");
    for row in &outcome.epochs {
        assert!(row.validation_accuracy <= best.validation_accuracy, "{row:?} beats {best:?}");
    }
    let csv = std::fs::read_to_string(out.join("metrics.csv")).unwrap();
    assert_eq!(csv.lines().count(), 7, "lines of metrics.csv");
    assert!(std::fs::read_to_string(out.join("curves.svg")).unwrap().contains("</svg>"), "picture");

    let checkpoint = record::load::<Flex>(&outcome.record, &Default::default()).unwrap();
    assert_eq!(checkpoint.classes, ["red", "green", "blue"], "classes");
    let (_, validation) = split(&dataset().train, recipe().validation, recipe().seed);
    let normalisation = checkpoint.normalisation;
    let found = evaluate(&checkpoint.model, &validation, normalisation, &Default::default());
    assert_eq!(found.accuracy(), best.validation_accuracy, "the record is the best epoch's");
    assert!((found.loss - best.validation_loss).abs() < 1e-9, "{found:?} is not {best:?}");
}

#[test]
fn a_seed_gives_the_same_record_on_any_number_of_threads() {
    let record = |seed, threads| {
        let directory = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let dropout = DropoutRates { embed: 0.1, mlp: 0.1, head: 0.1 };
        let recipe = Recipe { epochs: 2, seed, dropout, ..recipe() };
        let outcome = pool.install(|| run::<Flex>(&recipe, directory.path())).unwrap();
        std::fs::read(outcome.record).unwrap()
    };
    let first = record(7, 1);
    assert!(first == record(7, 3), "the same seed on one thread and on three");
    assert!(first != record(8, 1), "another seed");
}

#[test]
fn ndarray_trains_too() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = Recipe { epochs: 3, ..recipe() };
    let ndarray = run::<NdArray>(&recipe, directory.path()).unwrap();
    let flex = run::<Flex>(&recipe, directory.path()).unwrap();
    let (ours, theirs) = (ndarray.epochs[2].train_loss, flex.epochs[2].train_loss);
    assert!((ours - theirs).abs() < 1e-2 * theirs, "loss {ours} on ndarray, {theirs} on flex");
}

#[test]
fn what_does_not_fit_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let refusal = |recipe: Recipe, config: VitConfig, dataset: Dataset| {
        let run = Run {
            preset: "test",
            config: &config,
            recipe: &recipe,
            dataset: &dataset,
            out: directory.path(),
        };
        let outcome = train::<Flex>(run, &Default::default(), &mut Progress::hidden());
        format!("{:#}", outcome.unwrap_err())
    };
    let wild = Recipe { learning_rate: 1e30, warmup: 0.0, ..recipe() };
    assert!(refusal(wild, config(), dataset()).contains("lower the learning rate"), "divergence");
    let micro = Preset::Micro.config(3).unwrap();
    assert!(refusal(recipe(), micro, dataset()).contains("32 x 32"), "image size");
    let mut other = dataset();
    other.classes.pop();
    assert!(refusal(recipe(), config(), other).contains("the data has 2"), "classes");
    let mut few = dataset();
    few.train = few.train.take(4);
    assert!(refusal(recipe(), config(), few).contains("validation"), "too few to hold any out");
    let large = Recipe { batch_size: 200, ..recipe() };
    assert!(refusal(large, config(), dataset()).contains("batch"), "a batch beyond the images");
}
