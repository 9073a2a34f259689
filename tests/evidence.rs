//! The identity of evidence, for classes and for attributes: the evidence of all tokens and the bias add up to exactly
//! the logit.

use kit::embedded::test_images;
use kit::network::{AttributeHead, Network};
use kit::synthetic::{self, Values};
use kit::{image, specs};
use runtime::config::{Pool, Preset, VitConfig};
use runtime::format::HEAD_ATTRIBUTES;
use runtime::{Attributes, Kernels, Model, Output};
use std::path::Path;

/// Images of each network.
const IMAGES: usize = 3;
/// Attributes of each network with random weights.
const ATTRIBUTES: usize = 20;

/// Each logit minus the evidence of all tokens: first those of the classes, then those of the attributes.
fn constants(output: &Output<'_>, attributes: &Attributes<'_>, tokens: usize) -> Vec<i64> {
    let mut map = vec![0; tokens];
    let mut found = Vec::new();
    let sum = |map: &[i32]| map.iter().map(|&part| i64::from(part)).sum::<i64>();
    for (class, &logit) in output.logits().iter().enumerate() {
        output.evidence(class, &mut map).unwrap();
        found.push(i64::from(logit) - sum(&map));
    }
    for (index, attribute) in output.attributes(attributes).unwrap().enumerate() {
        output.attribute_evidence(attributes, index, &mut map).unwrap();
        found.push(i64::from(attribute.logit) - sum(&map));
    }
    found
}

fn integers(bytes: &[u8]) -> impl Iterator<Item = i64> {
    bytes.as_chunks().0.iter().map(|&bytes| i32::from_le_bytes(bytes).into())
}

/// Checks that these differences, for random images, equal the biases in the blob.
fn check(name: &str, config: &VitConfig, values: Values) {
    let mut network: Network = synthetic::network(config, 7, values);
    let head: AttributeHead = synthetic::attributes(config, ATTRIBUTES, 7, values);
    network.other_heads.push((HEAD_ATTRIBUTES, head.to_bytes()));
    let biases = integers(&network.class_head.bias).chain(integers(&head.bias));
    let expected: Vec<i64> = biases.collect();
    assert_eq!(expected.len(), config.classes() + ATTRIBUTES, "{name}: number of biases");
    let blob = network.to_bytes();
    for kernels in Kernels::all() {
        let model = Model::parse(&blob).unwrap().with_kernels(kernels);
        let attributes = Attributes::parse(&model).unwrap().unwrap();
        let mut arena = vec![0xA5; model.arena_len()];
        for seed in 0..IMAGES as u64 {
            let image = image::random(config.image(), seed);
            let output = model.run(&image, &mut arena).unwrap();
            let found = constants(&output, &attributes, config.tokens());
            assert_eq!(found, expected, "{name}, image {seed}, {}", kernels.name);
        }
    }
}

/// Presets whose class head reads the sums of the tokens.
fn presets() -> impl Iterator<Item = (Preset, VitConfig)> {
    let configs = Preset::ALL.into_iter().map(|preset| (preset, preset.config(10).unwrap()));
    configs
        .filter(|(_, config)| config.spec().pool == Pool::Mean && config.spec().hidden.is_empty())
}

#[test]
fn logits_of_every_preset_are_their_evidence() {
    let mut names = Vec::new();
    for (preset, config) in presets() {
        check(preset.name(), &config, Values::Typical);
        names.push(preset.name());
    }
    let expected = ["nano", "micro", "micro-64", "micro-96", "compact", "vit-64x4", "vit-128x6"];
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
}

#[test]
fn logits_of_own_networks_are_their_evidence() {
    for (preset, classes, (height, width)) in [
        (Preset::Nano, 3, (96, 96)),
        (Preset::Micro96, 37, (96, 96)),
        (Preset::Compact, 2, (64, 64)),
        (Preset::Micro, 5, (96, 64)),
    ] {
        let mut own = preset.config(classes).unwrap().spec().clone();
        (own.image.height, own.image.width) = (height, width);
        let name = format!("{} of {height} rows, {width} columns", preset.name());
        check(&name, &VitConfig::new(own).unwrap(), Values::Typical);
    }
    check("tiny", &VitConfig::new(specs::tiny()).unwrap(), Values::Extreme);
}

#[test]
fn logits_of_shipped_networks_are_their_evidence() {
    let images = test_images();
    let image_len = images.pixels.len() / images.labels.len();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/models");
    for name in ["micro", "nano"] {
        let path = models.join(name).join("full.bin");
        let blob = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let model = Model::parse(&blob).unwrap();
        let attributes = Attributes::parse(&model).unwrap().unwrap();
        let mut arena = vec![0; model.arena_len_fast()];
        let mut found = images.pixels.chunks_exact(image_len).take(50).map(|image| {
            let output = model.run(image, &mut arena).unwrap();
            constants(&output, &attributes, model.config().tokens())
        });
        let first = found.next().unwrap();
        assert!(first.iter().any(|&constant| constant != 0), "{name}: no biases");
        for (index, constants) in found.enumerate() {
            assert_eq!(constants, first, "{name}: image {} has other constants", index + 1);
        }
    }
}
