//! Runs that start from a network with other classes or another image size.

use super::*;
use crate::data::{CIFAR10_CLASSES, CIFAR10_SIZE};
use crate::recipe::HeadFirst;
use crate::shipped::Shipped;

/// [`dataset`] without the last class.
fn two_classes() -> Dataset {
    dataset().of_classes(&["green", "red"].map(String::from)).unwrap()
}

fn of_classes(config: &VitConfig, classes: u16) -> VitConfig {
    VitConfig::new(VitSpec { classes, ..config.spec().clone() }).unwrap()
}

/// A run from a network, as [`run`].
fn from(
    start: &Start,
    config: &VitConfig,
    dataset: &Dataset,
    recipe: &Recipe,
    out: &Path,
) -> Result<Outcome> {
    let stop = AtomicBool::new(false);
    let run = Run { start: Some(start), ..plan(config, dataset, recipe, out, &stop) };
    train::<Flex>(run, &[Default::default()], &mut Progress::hidden())
}

fn load(path: &Path) -> crate::checkpoint::Checkpoint<Flex> {
    checkpoint::load(path, &Default::default()).unwrap()
}

/// The weights of the first convolution, a running variance, and the weights of the head.
fn values(path: &Path) -> [Vec<f32>; 3] {
    let model = load(path).model;
    let crate::model::Stem::Conv(stem) = &model.stem else { panic!("a stem of convolutions") };
    let conv = &stem.stages[0].convs[0];
    [
        conv.weight.val().into_data(),
        conv.norm.running_var.value().into_data(),
        model.head.layers[0].weight.val().into_data(),
    ]
    .map(|data| data.to_vec().unwrap())
}

#[test]
fn the_head_learns_first_and_alone() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let head = HeadFirst { epochs: 4, learning_rate: 0.1 };
    let recipe = Recipe { epochs: 5, head_first: Some(head), ..recipe() };
    let still = Recipe { learning_rate: 1e-12, ..recipe };
    let (config, dataset) = (of_classes(&config(), 2), two_classes());
    let start = Start::File(trained.clone());
    let outcome = from(&start, &config, &dataset, &still, second.path()).unwrap();
    for row in &outcome.epochs[..4] {
        assert_eq!(row.learning_rate, 0.1, "the rate of the head");
    }
    assert!(outcome.epochs[4].learning_rate < 1e-11, "the rate of the rest");
    assert!(outcome.epochs[3].validation_accuracy > 0.9, "a head is enough: {outcome:?}");
    let ([conv, variance, _], [own_conv, own_variance, head]) =
        (values(&trained), values(&outcome.checkpoint));
    if outcome.best < 5 {
        assert_eq!((conv, variance), (own_conv, own_variance), "the rest is as it was");
    }
    assert_eq!(head.len(), 8 * 2, "a head for two classes");
    assert_eq!(load(&outcome.checkpoint).classes, ["green", "red"], "the new classes");
}

#[test]
fn epochs_of_the_head_are_no_waiting() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let head = HeadFirst { epochs: 6, learning_rate: f64::MIN_POSITIVE };
    let hopeless = Recipe {
        epochs: 40,
        patience: std::num::NonZeroUsize::new(3),
        head_first: Some(head),
        learning_rate: f64::MIN_POSITIVE,
        ..recipe()
    };
    let (config, dataset) = (of_classes(&config(), 2), two_classes());
    let outcome = from(&Start::File(trained), &config, &dataset, &hopeless, second.path()).unwrap();
    assert!(outcome.epochs.len() >= 9, "six, and three that were no better: {outcome:?}");
}

#[test]
fn positions_follow_the_size_of_the_image() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let still = Recipe { epochs: 1, learning_rate: 1e-12, ..recipe() };
    let size = ImageSpec { height: 16, width: 24 };
    let large = VitConfig::new(VitSpec { image: size, ..config().spec().clone() }).unwrap();
    let dataset = dataset().resized(size);
    let start = Start::File(trained.clone());
    let outcome = from(&start, &large, &dataset, &still, second.path()).unwrap();
    assert_eq!(large.tokens(), 4 * 6, "a grid of four rows and six columns");
    let positions =
        |path: &Path| -> Vec<f32> { load(path).model.position.val().into_data().to_vec().unwrap() };
    let (before, after) = (positions(&trained), positions(&outcome.checkpoint));
    assert_eq!((before.len(), after.len()), (4 * 8, 24 * 8), "positions");
    // Interpolation keeps what all positions have in common.
    for channel in 0..8 {
        let mean = |values: &[f32]| {
            let of: Vec<f32> = values.iter().copied().skip(channel).step_by(8).collect();
            of.iter().sum::<f32>() / of.len() as f32
        };
        let difference = (mean(&before) - mean(&after)).abs();
        assert!(difference < 2e-2, "channel {channel}: {difference}");
    }
    assert_ne!(after[..8], after[5 * 8..6 * 8], "left and right differ");
}

#[test]
fn a_network_of_other_widths_is_no_start() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trained = run::<Flex>(&recipe(), first.path()).unwrap().checkpoint;
    let start = Start::File(trained);
    let refusal = |change: fn(&mut VitSpec)| {
        let mut spec = config().spec().clone();
        change(&mut spec);
        let config = VitConfig::new(spec).unwrap();
        let error = from(&start, &config, &dataset(), &recipe(), second.path()).unwrap_err();
        format!("{error:#}")
    };
    let error = refusal(|spec| spec.depth = 2);
    assert!(error.contains("has no tensor `blocks.1."), "a deeper one: {error}");
    let error = refusal(|spec| spec.mlp.dim = 16);
    assert!(error.contains("other kinds of layers"), "a wider one: {error}");
    let error = refusal(|spec| spec.attention.heads = 1);
    assert!(error.contains("other kinds of layers"), "other heads: {error}");
    let error = refusal(|spec| {
        spec.stem = StemSpec::Conv(
            [
                StemStage::Conv { channels: 5, stride: 2, gelu: true },
                StemStage::Conv { channels: 8, stride: 2, gelu: false },
            ]
            .into_iter()
            .collect(),
        );
    });
    assert!(error.contains("tensor `stem"), "another stem: {error}");
}

#[test]
fn a_shipped_network_knows_its_classes() {
    let directory = tempfile::tempdir().unwrap();
    let config = Preset::Nano.config(10).unwrap();
    let classes = CIFAR10_CLASSES.map(String::from).to_vec();
    let embedded = crate::data::embedded().unwrap();
    let dataset = Dataset { train: embedded.train.take(300), classes, ..embedded };
    let still = Recipe { epochs: 1, learning_rate: 1e-12, batch_size: 32, ..recipe() };
    let start = Start::Shipped(Shipped::Nano);
    let outcome = from(&start, &config, &dataset, &still, directory.path()).unwrap();
    assert_eq!(config.spec().image, CIFAR10_SIZE, "its size");
    let found = outcome.epochs[0].validation_accuracy;
    assert!(found > 0.8, "it was trained on these images: {found}");
}
