//! Short runs on images whose classes are easy to distinguish.

mod attributes;
mod background;
mod distillation;
mod finetune;
mod patience;
mod regions;
mod resume;
mod transfer;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use burn_flex::Flex;
use burn_ndarray::NdArray;
use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, Preset, StemSpec, StemStage, VitConfig,
    VitSpec,
};

use super::*;
use crate::data::augment::Augment;
use crate::data::{DataSource, Dataset, Images, Normalisation, split};
use crate::eval::evaluate;
use crate::model::DropoutRates;
use crate::recipe::{EmaSpec, Recipe};
use crate::schedule::Schedule;

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

/// Noise images. An image of label 0 has more red, of label 1 more green, of label 2 more blue.
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
    let (train, test) = (images(120), images(30));
    Dataset { train, validation: None, test, classes, source: DataSource::Cifar10 }
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 6,
        batch_size: 16,
        learning_rate: 1e-2,
        augment: Augment::default(),
        ema: None,
        ..Recipe::small_data(Preset::Micro)
    }
}

/// A run of `recipe` on [`dataset`] with one micro-batch per batch.
fn plan<'a>(
    config: &'a VitConfig,
    dataset: &'a Dataset,
    recipe: &'a Recipe,
    out: &'a Path,
    stop: &'a AtomicBool,
) -> Run<'a> {
    Run {
        preset: "test",
        config,
        recipe,
        dataset,
        micro_batch: recipe.batch_size,
        out,
        start: None,
        attributes: None,
        quantize: false,
        teacher: None,
        scores: None,
        resume: false,
        stop,
    }
}

fn run<B: HostBackend>(recipe: &Recipe, out: &Path) -> Result<Outcome> {
    run_in_parts::<B>(recipe, config(), recipe.batch_size, out)
}

fn run_in_parts<B: HostBackend>(
    recipe: &Recipe,
    config: VitConfig,
    micro_batch: usize,
    out: &Path,
) -> Result<Outcome> {
    let (dataset, stop) = (dataset(), AtomicBool::new(false));
    let run = Run { micro_batch, ..plan(&config, &dataset, recipe, out, &stop) };
    train::<B>(run, &[B::Device::default()], &mut Progress::hidden())
}

/// As [`config`], with patches instead of the convolutions and their batch normalisation.
fn patches() -> VitConfig {
    let stem = StemSpec::Patches { size: 4, order: PatchOrder::Grid };
    VitConfig::new(VitSpec { stem, ..config().spec().clone() }).unwrap()
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
    assert!(best.validation_accuracy > 0.9, "the colours are classified: {best:?}");
    for row in &outcome.epochs {
        assert!(row.validation_accuracy <= best.validation_accuracy, "{row:?} beats {best:?}");
    }
    let csv = std::fs::read_to_string(out.join("metrics.csv")).unwrap();
    assert_eq!(csv.lines().count(), 7, "lines of metrics.csv");
    assert!(std::fs::read_to_string(out.join("curves.svg")).unwrap().contains("</svg>"), "picture");

    let checkpoint = checkpoint::load::<Flex>(&outcome.checkpoint, &Default::default()).unwrap();
    assert_eq!(checkpoint.classes, ["red", "green", "blue"], "classes");
    let (_, validation) = split(&dataset().train, recipe().validation, recipe().seed);
    let normalisation = checkpoint.normalisation;
    let found = evaluate(&checkpoint.model, &validation, normalisation, &Default::default());
    assert_eq!(
        found.accuracy(),
        best.validation_accuracy,
        "the checkpoint is that of the best epoch"
    );
    assert!((found.loss - best.validation_loss).abs() < 1e-9, "{found:?} is not {best:?}");
}

#[test]
fn a_seed_gives_the_same_checkpoint_on_any_number_of_threads() {
    let bytes = |seed, threads| {
        let directory = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let dropout = DropoutRates { embed: 0.1, mlp: 0.1, head: 0.1, path: 0.1 };
        let recipe = Recipe { epochs: 2, seed, dropout, ..recipe() };
        let outcome = pool.install(|| run::<Flex>(&recipe, directory.path())).unwrap();
        std::fs::read(outcome.checkpoint).unwrap()
    };
    let first = bytes(7, 1);
    assert!(first == bytes(7, 3), "the same seed on one thread and on three");
    assert!(first != bytes(8, 1), "another seed");
}

/// An EMA without an update is the network that the run started with.
#[test]
fn weights_that_were_not_averaged_yet_are_kept_as_they_are() {
    let never = Some(EmaSpec { decay: 0.9, every: 1_000 });
    let bytes = |ema| {
        let directory = tempfile::tempdir().unwrap();
        let recipe = Recipe { ema, epochs: 1, ..recipe() };
        std::fs::read(run::<Flex>(&recipe, directory.path()).unwrap().checkpoint).unwrap()
    };
    assert!(bytes(never) == bytes(None), "the same checkpoint");
}

#[test]
fn a_network_that_gives_nan_is_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = Recipe { learning_rate: 1e30, batch_size: 100, ..recipe() };
    let error = run::<Flex>(&recipe, directory.path()).expect_err("NaN").to_string();
    assert!(error.contains("NaN after epoch 1: lower the learning rate"), "{error}");
    assert!(!directory.path().join("best.mpk").exists(), "nothing that could be used");
}

#[test]
fn parts_of_a_batch_add_up_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = Recipe { epochs: 2, learning_rate: 1e-3, partial_batches: true, ..recipe() };
    let losses = |micro_batch| {
        let outcome = run_in_parts::<Flex>(&recipe, patches(), micro_batch, directory.path());
        let epochs = outcome.unwrap().epochs;
        [epochs[0].train_loss, epochs[1].train_loss, epochs[1].validation_loss]
    };
    let whole = losses(16);
    for (ours, theirs) in losses(3).into_iter().zip(whole) {
        assert!((ours - theirs).abs() < 1e-3 * theirs, "{ours} in parts of 3, {theirs} at once");
    }
}

#[test]
fn concurrent_runs_learn_as_if_alone() {
    let recipe = Recipe { epochs: 2, learning_rate: 1e-3, ..recipe() };
    let losses = || {
        let directory = tempfile::tempdir().unwrap();
        let outcome = run_in_parts::<Flex>(&recipe, patches(), 3, directory.path()).unwrap();
        outcome.epochs.iter().map(|row| row.train_loss).collect::<Vec<_>>()
    };
    let alone = losses();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(losses)).collect();
        for run in runs {
            assert_eq!(run.join().unwrap(), alone, "the same run on three threads");
        }
    });
}

#[test]
fn the_reports_recipe_trains() {
    let directory = tempfile::tempdir().unwrap();
    let recipe = Recipe { batch_size: 50, ..Recipe::report(Preset::Seed) };
    let outcome = run_in_parts::<Flex>(&recipe, patches(), 8, directory.path()).unwrap();
    let losses = outcome.epochs.iter().map(|row| row.train_loss).collect::<Vec<_>>();
    assert!(losses[19] < losses[0], "the loss falls: {losses:?}");
    let rates = outcome.epochs.iter().map(|row| row.learning_rate).collect::<Vec<_>>();
    // 108 images in batches of 50 are three steps an epoch, so the last one is number 59.
    assert!((rates[19] - 2e-4 / 6.9).abs() < 1e-12, "the last rate: {rates:?}");
    let checkpoint = checkpoint::load::<Flex>(&outcome.checkpoint, &Default::default()).unwrap();
    assert_eq!(checkpoint.normalisation, Normalisation::PIXELS, "bytes as they are");
}

#[test]
fn devices_share_a_batch() {
    let dropout = DropoutRates { embed: 0.1, mlp: 0.1, head: 0.1, path: 0.1 };
    let losses = |config: &VitConfig, dropout, devices: &[_]| {
        let directory = tempfile::tempdir().unwrap();
        let recipe = Recipe { epochs: 2, learning_rate: 1e-3, dropout, ..recipe() };
        let (dataset, stop) = (dataset(), AtomicBool::new(false));
        let run =
            Run { micro_batch: 3, ..plan(config, &dataset, &recipe, directory.path(), &stop) };
        let epochs = train::<Flex>(run, devices, &mut Progress::hidden()).unwrap().epochs;
        [epochs[0].train_loss, epochs[1].train_loss, epochs[1].validation_loss]
    };
    let (one, four) = (vec![Default::default(); 1], vec![Default::default(); 4]);
    let none = DropoutRates::default();
    let alone = losses(&patches(), none, &one);
    assert_eq!(losses(&patches(), none, &four), alone, "the same sum in the same order");
    // The running statistics of batch normalisation come from the first device's parts alone.
    let alone = losses(&config(), none, &one);
    for (ours, theirs) in losses(&config(), none, &four).into_iter().zip(alone) {
        assert!((ours - theirs).abs() < 0.1 * theirs, "{ours} on four, {theirs} on one");
    }
    let drawn = losses(&config(), dropout, &four);
    assert_eq!(losses(&config(), dropout, &four), drawn, "each device draws by itself");
}

#[test]
fn a_stopped_run_keeps_its_best_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let (config, dataset, recipe) = (config(), dataset(), recipe());
    let stop = AtomicBool::new(true);
    let device = Default::default();
    let error = train::<Flex>(
        plan(&config, &dataset, &recipe, directory.path(), &stop),
        &[device],
        &mut Progress::hidden(),
    )
    .unwrap_err();
    assert!(error.downcast_ref::<Interrupted>().is_some(), "{error:#}");
    assert!(format!("{error:#}").contains("has no checkpoint"), "{error:#}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "files");

    let stop = AtomicBool::new(false);
    let error = std::thread::scope(|scope| {
        let run = plan(&config, &dataset, &recipe, directory.path(), &stop);
        let training = scope.spawn(move || {
            let long = Recipe { epochs: 1_000_000, ..*run.recipe };
            train::<Flex>(
                Run { recipe: &long, ..run },
                &[Default::default()],
                &mut Progress::hidden(),
            )
        });
        while !directory.path().join("metrics.csv").exists() {
            std::thread::yield_now();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        training.join().unwrap().unwrap_err()
    });
    let message = format!("{error:#}");
    assert!(message.contains("best.mpk has the network of epoch"), "{message}");
    let path = directory.path().join("best.mpk");
    checkpoint::load::<Flex>(&path, &device).expect("the best epoch is whole");
}

#[test]
fn the_time_of_a_run_grows_with_its_epochs() {
    let (config, dataset, recipe) = (patches(), dataset(), recipe());
    let time = |epochs| {
        let recipe = Recipe { epochs, ..recipe };
        let stop = AtomicBool::new(true);
        let run = plan(&config, &dataset, &recipe, Path::new("."), &stop);
        duration::<Flex>(&run, &[Default::default()]).unwrap()
    };
    let (short, long) = (time(1), time(100_000));
    assert!(!short.is_zero() && long > 100 * short, "{short:?} for 1, {long:?} for 100,000");
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
        let stop = AtomicBool::new(false);
        let run = plan(&config, &dataset, &recipe, directory.path(), &stop);
        let outcome = train::<Flex>(run, &[Default::default()], &mut Progress::hidden());
        format!("{:#}", outcome.unwrap_err())
    };
    let wild =
        Recipe { learning_rate: 1e30, schedule: Schedule::Cosine { warmup: 0.0 }, ..recipe() };
    assert!(refusal(wild, config(), dataset()).contains("lower the learning rate"), "divergence");
    let micro = Preset::Micro.config(3).unwrap();
    assert!(refusal(recipe(), micro, dataset()).contains("32 x 32"), "image size");
    let mut other = dataset();
    other.classes.pop();
    assert!(refusal(recipe(), config(), other).contains("the data has 2"), "classes");
    let mut few = dataset();
    few.train = few.train.take(3);
    assert!(refusal(recipe(), config(), few).contains("validation"), "too few to hold any out");
    let large = Recipe { batch_size: 200, ..recipe() };
    assert!(refusal(large, config(), dataset()).contains("batch"), "a batch beyond the images");
}
