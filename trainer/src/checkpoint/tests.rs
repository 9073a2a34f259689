//! Checkpoints that are read back, and damaged ones that are refused.

use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use burn_ndarray::NdArray;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use runtime::config::{AttentionSpec, ImageSpec, MlpSpec, Pool, StemSpec, StemStage};

use super::*;
use crate::model::{DropoutRates, Stem};
use ops::VitBackend;

fn config(dim: u16) -> VitConfig {
    let stages = [
        StemStage::Conv { channels: 4, stride: 2, gelu: true },
        StemStage::Residual { hidden: 3 },
        StemStage::Conv { channels: dim, stride: 2, gelu: false },
    ];
    VitConfig::new(VitSpec {
        image: ImageSpec { height: 8, width: 8 },
        stem: StemSpec::Conv(stages.into_iter().collect()),
        dim,
        depth: 2,
        attention: AttentionSpec { heads: 2, head_dim: 3 },
        mlp: MlpSpec { dim: 7, depthwise: true, second_gelu: false },
        pool: Pool::Mean,
        hidden: [5].into_iter().collect(),
        classes: 3,
    })
    .unwrap()
}

fn checkpoint(dim: u16) -> Checkpoint<Flex> {
    let config = config(dim);
    Checkpoint {
        preset: "test".into(),
        classes: ["cat", "dog", "ship"].map(String::from).into(),
        normalisation: Normalisation::CIFAR10,
        source: DataSource::Cifar10,
        model: Vit::new(&config, DropoutRates::default(), 5, &Default::default()),
        attributes: None,
        config,
    }
}

fn bytes(checkpoint: &Checkpoint<Flex>) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("best.mpk");
    save(&path, checkpoint).unwrap();
    std::fs::read(path).unwrap()
}

fn refusal(bytes: Vec<u8>) -> String {
    match decode::<Flex>(bytes, &Default::default()) {
        Ok(_) => panic!("a damaged checkpoint was accepted"),
        Err(error) => format!("{error:#}"),
    }
}

fn logits<B: VitBackend>(model: &Vit<B>) -> Vec<f32> {
    let values = (0..2 * 3 * 64).map(|i| (i as f32).cos()).collect::<Vec<_>>();
    let images = TensorData::new(values, [2, 3, 8, 8]);
    model.forward(Tensor::from_data(images, &B::Device::default())).into_data().to_vec().unwrap()
}

/// Replaces the only occurrence of `from`, which is as long as `to`.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let places = bytes.windows(from.len()).enumerate().filter(|(_, window)| window == &from);
    let places = places.map(|(at, _)| at).collect::<Vec<_>>();
    assert_eq!((places.len(), from.len()), (1, to.len()), "occurrences and lengths");
    let mut changed = bytes.to_vec();
    changed[places[0]..][..to.len()].copy_from_slice(to);
    changed
}

#[test]
fn a_checkpoint_is_read_on_any_backend() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("any.name");
    let saved = checkpoint(6);
    save(&path, &saved).unwrap();
    let flex = load::<Flex>(&path, &Default::default()).unwrap();
    let ndarray = load::<NdArray>(&path, &Default::default()).unwrap();
    assert_eq!(flex.config, saved.config, "config");
    assert_eq!(flex.preset, "test", "preset");
    assert_eq!(flex.classes, ["cat", "dog", "ship"], "classes");
    assert_eq!(flex.normalisation, Normalisation::CIFAR10, "normalisation");
    assert_eq!(flex.source, DataSource::Cifar10, "source");
    assert_eq!(logits(&flex.model), logits(&saved.model), "logits on the same backend");
    for (ours, theirs) in logits(&ndarray.model).iter().zip(logits(&saved.model)) {
        assert!((ours - theirs).abs() < 1e-5, "logit {ours} on ndarray, {theirs} on flex");
    }
}

#[test]
fn half_precision_is_half_as_large_and_rounds_once() {
    let directory = tempfile::tempdir().unwrap();
    let (full, half) = (directory.path().join("full.mpk"), directory.path().join("half.mpk"));
    let mut checkpoint = checkpoint(8);
    save(&full, &checkpoint).unwrap();
    save_as(&half, &checkpoint, Precision::Half).unwrap();
    let found = load::<Flex>(&half, &Default::default()).unwrap();
    let weight = |model: &Vit<Flex>| model.position.val().into_data().to_vec::<f32>().unwrap();
    for (stored, value) in weight(&found.model).into_iter().zip(weight(&checkpoint.model)) {
        assert_eq!(stored, half::f16::from_f32(value).to_f32(), "the nearest f16");
    }
    let saved = |path: &Path| std::fs::metadata(path).unwrap().len();
    let values = checkpoint.model.num_params() as u64;
    let (whole, halved) = (saved(&full), saved(&half));
    let less = whole - halved;
    assert!(less.abs_diff(2 * values) < values / 50, "{values} values: {halved} of {whole} bytes");

    let position = &mut checkpoint.model.position;
    *position = position.clone().map(|values| values * 0.0 + 1e6);
    let error = save_as(&half, &checkpoint, Precision::Half).unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("half precision") && error.contains("position"), "{error}");
    assert_eq!(load::<Flex>(&half, &Default::default()).unwrap().preset, "test", "the old file");
}

#[test]
fn attributes_are_kept_and_checked() {
    let mut checkpoint = checkpoint(6);
    let attributes = Attributes {
        names: vec!["wings".into(), "fur".into()],
        weights: (0u8..12).map(f32::from).collect(),
        bias: vec![0.5, -0.5],
    };
    checkpoint.attributes = Some(attributes.clone());
    let found = decode::<Flex>(bytes(&checkpoint), &Default::default()).unwrap();
    assert_eq!(found.attributes, Some(attributes.clone()), "read back");
    assert_eq!(logits(&found.model), logits(&checkpoint.model), "the network stays as it is");
    let mut short = attributes.clone();
    short.weights.pop();
    let mut infinite = attributes;
    infinite.bias[0] = f32::NAN;
    for (wrong, reason) in [(short, "(11, 2)"), (infinite, "not finite")] {
        checkpoint.attributes = Some(wrong);
        let error = refusal(bytes(&checkpoint));
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_checkpoint_without_the_field_has_no_attributes() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/records/nano-eight-classes.mpk");
    let bytes = std::fs::read(file).unwrap();
    assert!(!bytes.windows(10).any(|window| window == b"attributes"), "written without the field");
    let found = decode::<Flex>(bytes, &Default::default()).unwrap();
    assert_eq!((found.attributes, found.classes.len()), (None, 8), "an old checkpoint");
}

#[test]
fn equal_models_have_equal_checkpoints() {
    assert_eq!(bytes(&checkpoint(6)), bytes(&checkpoint(6)), "bytes of two equal checkpoints");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load::<Flex>(Path::new("no/such.mpk"), &Default::default()).unwrap_err();
    let message = format!("{error:#}");
    assert!(message.contains("no/such.mpk") && message.contains("`trainer`"), "{message}");
    let error = load::<Flex>(Path::new("."), &Default::default()).unwrap_err();
    assert!(error.to_string().contains("directory"), "{error}");
}

#[test]
fn every_truncation_is_refused() {
    let whole = bytes(&checkpoint(6));
    for len in 0..whole.len() {
        refusal(whole[..len].to_vec());
    }
    assert!(refusal(whole[..whole.len() / 2].to_vec()).contains("incomplete"), "the reason");
}

#[test]
fn foreign_bytes_are_refused() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    for len in [1, 10, 1000, 100_000] {
        let mut noise = vec![0; len];
        rng.fill_bytes(&mut noise);
        assert!(refusal(noise).contains("not a checkpoint"), "{len} random bytes");
    }
    assert!(refusal(br#"{"item": 3}"#.to_vec()).contains("not a checkpoint"), "JSON");
}

#[test]
fn a_damaged_byte_never_panics() {
    let whole = bytes(&checkpoint(6));
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= rng.random_range(1..=255u8);
        // Most bytes belong to weights, and most changed weights are valid.
        let _ = decode::<Flex>(damaged, &Default::default());
    }
}

#[test]
fn a_stage_without_tensors_is_refused() {
    let mut checkpoint = checkpoint(6);
    let Stem::Conv(stem) = &mut checkpoint.model.stem else { panic!("a stem of convolutions") };
    let mut stage = stem.stages[0].clone();
    stage.convs.clear();
    stem.stages.push(stage);
    let error = refusal(bytes(&checkpoint));
    assert!(error.contains("stages.3") && error.contains("no tensor"), "{error}");
}

#[test]
fn another_version_is_named() {
    let newer =
        replace(&bytes(&checkpoint(6)), b"\xaeformat_version\x01", b"\xaeformat_version\x02");
    assert!(refusal(newer).contains("version 2"), "the version that was found");
}

#[test]
fn a_config_that_disagrees_with_the_tensors_is_refused() {
    let whole = bytes(&checkpoint(6));
    let deeper = replace(&whole, b"\xa5depth\x02", b"\xa5depth\x03");
    assert!(refusal(deeper).contains("`blocks.2.norm1.gamma` is missing"), "a block too few");
    let shallower = replace(&whole, b"\xa5depth\x02", b"\xa5depth\x01");
    assert!(refusal(shallower).contains("does not belong"), "a block too many");
    let heads = refusal(replace(&whole, b"\xa5heads\x02", b"\xa5heads\x01"));
    assert!(heads.contains("`blocks.0.attention.query.weight` is [6, 6]"), "{heads}");
    assert!(heads.contains("the network has [6, 3]"), "{heads}");
    let impossible = refusal(replace(&whole, b"\xa5heads\x02", b"\xa5heads\x00"));
    assert!(impossible.contains("cannot exist: heads is 0"), "{impossible}");
    let stem = refusal(replace(&whole, b"\xa6hidden\x03", b"\xa6hidden\x04"));
    assert!(stem.contains("`stem.Conv.stages.1.convs.0.weight`"), "{stem}");
    let mut fewer = checkpoint(6);
    fewer.classes.pop();
    assert!(refusal(bytes(&fewer)).contains("names 2 classes"), "a class without a name");
}

#[test]
fn values_no_network_can_have_are_refused() {
    let with = |change: fn(&mut Checkpoint<Flex>)| {
        let mut checkpoint = checkpoint(6);
        change(&mut checkpoint);
        refusal(bytes(&checkpoint))
    };
    let nan = with(|checkpoint| {
        let position = checkpoint.model.position.clone();
        checkpoint.model.position = position.map(|position| position * f32::NAN);
    });
    assert!(nan.contains("`position` holds a value that is not finite"), "{nan}");
    let std = with(|checkpoint| checkpoint.normalisation.std[1] = 0.0);
    assert!(std.contains("deviation"), "{std}");
}
