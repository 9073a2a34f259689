//! Every site of every kernel set equals the integer reference, and only the blob and the image
//! decide the output bits.

use kit::image;
use kit::planted::LEAVES_DIRT;
use kit::rng::Rng;
use kit::specs;
use kit::synthetic::{self, Values};
use runtime::config::{Pool, Preset, VitConfig};
use runtime::{EvidenceError, Kernels, Model, RunError};
use tests::integer_reference::{Answer, IntegerReference};
use tests::observed::{evidence, observe};

/// Runs `blob` on every kernel set and compares every site with the reference.
fn check(name: &str, blob: &[u8], image: &[u8]) {
    let expected = IntegerReference::new(blob).run(image);
    if let Err(error) = Model::parse(blob) {
        panic!("{name}: {error}");
    }
    let packed = Kernels::all().map(|kernels| (kernels, true));
    for (kernels, pack) in Kernels::all().map(|kernels| (kernels, false)).chain(packed) {
        let packed_len = Model::parse(blob).unwrap().with_kernels(kernels).packed_len();
        let mut memory = vec![0xA5; packed_len];
        let mut model = Model::parse(blob).unwrap().with_kernels(kernels);
        if pack && memory.is_empty() {
            continue;
        }
        if pack {
            model = model.pack(&mut memory).unwrap();
        }
        let name = if pack { &format!("{name}, packed") } else { name };
        for (form, len) in [("rows", model.arena_len()), ("whole", model.arena_len_fast())] {
            compare(&format!("{name}, {form}"), &model, image, len, &expected);
        }
    }
}

/// Runs a model in an arena of `len` bytes and compares every site with the reference's answer.
fn compare(name: &str, model: &Model<'_>, image: &[u8], len: usize, expected: &Answer) {
    {
        let kernels = model.kernels();
        let mut arena = vec![0xA5; len];
        let (sites, output) = observe(model, image, &mut arena)
            .unwrap_or_else(|error| panic!("{name}, {kernels:?}: {error}"));
        for (found, expected) in sites.iter().zip(&expected.sites) {
            let pairs = found.values.iter().zip(&expected.values);
            let wrong = pairs.clone().position(|(found, expected)| found != expected);
            assert_eq!(
                (&found.name, found.zero_point, found.values.len(), wrong),
                (&expected.name, expected.zero_point, expected.values.len(), None),
                "{name}, {kernels:?}: site, zero point, length, first wrong value"
            );
        }
        let lens = (sites.len(), expected.sites.len());
        assert_eq!(lens.0, lens.1, "{name}, {kernels:?}: number of sites");
        let logits: Vec<i128> = output.logits().iter().map(|&v| v.into()).collect();
        assert_eq!(logits, expected.logits, "{name}, {kernels:?}: logits");
        let probabilities: Vec<i128> = output.probabilities().map(Into::into).collect();
        assert_eq!(probabilities, expected.probabilities, "{name}, {kernels:?}: probabilities");
        let spec = model.config().spec();
        let evidence = evidence(&output, model.config().tokens());
        let expected = match (&expected.evidence, spec.pool) {
            (Some(evidence), _) => Ok(evidence.clone()),
            (None, Pool::Flatten) => Err(EvidenceError::Flatten),
            (None, Pool::Mean) => Err(EvidenceError::HiddenLayers),
        };
        assert_eq!(evidence, expected, "{name}, {kernels:?}: evidence");
    }
}

fn check_random(count: u64, values: Values) {
    for seed in 0..count {
        let config = specs::random(&mut Rng::new(seed));
        let blob = synthetic::network(&config, seed, values).to_bytes();
        for image in 0..2 {
            let image = image::random(config.image(), 2 * seed + image);
            check(&random_name(seed, &config), &blob, &image);
        }
    }
}

fn random_name(seed: u64, config: &VitConfig) -> String {
    format!("seed {seed}, {:?}", config.spec())
}

#[test]
fn typical_networks_equal_the_reference() {
    check_random(300, Values::Typical);
}

#[test]
fn long_stems_over_wide_images_equal_the_reference() {
    for seed in 0..60 {
        let config = specs::long_stem(&mut Rng::new(seed));
        let blob = synthetic::network(&config, seed, Values::Typical).to_bytes();
        check(&random_name(seed, &config), &blob, &image::random(config.image(), seed));
    }
}

#[test]
fn extreme_networks_equal_the_reference() {
    check_random(300, Values::Extreme);
}

#[test]
fn presets_equal_the_reference() {
    // Without `seed`: the reference would store its 72 million weights in more than a gigabyte.
    let images = |preset| if preset == Preset::Micro { 3 } else { 1 };
    for preset in Preset::ALL.into_iter().filter(|&preset| preset != Preset::Seed) {
        let config = preset.config(10).unwrap();
        let blob = synthetic::blob(&config, 1);
        for seed in 0..images(preset) {
            let image = image::random(config.image(), seed);
            check(preset.name(), &blob, &image);
        }
    }
}

#[test]
fn the_embedding_equals_the_reference() {
    for seed in 0..300 {
        let config = specs::random(&mut Rng::new(seed));
        let blob = synthetic::blob(&config, seed);
        let image = image::random(config.image(), seed);
        let expected = IntegerReference::new(&blob).run(&image).embedding;
        let model = Model::parse(&blob).unwrap();
        let mut arena = vec![0; model.arena_len()];
        let output = model.run(&image, &mut arena).unwrap();
        let found: Vec<i128> = output.embedding().iter().map(|&v| v.into()).collect();
        assert_eq!(found, expected, "{}", random_name(seed, &config));
    }
}

/// Whether the values of a run in an arena of zeros differ from those in an arena where another image was
/// run. The arena has exactly the length that `model` needs, at four alignments.
fn arena_decides(model: &Model<'_>, images: &[Vec<u8>; 2]) -> bool {
    let mut clean = vec![0; model.arena_len()];
    let expected = observe(model, &images[0], &mut clean).unwrap().0;
    let mut storage = vec![0xFF; model.arena_len() + 4];
    (0..4).any(|offset| {
        let arena = &mut storage[offset..offset + model.arena_len()];
        model.run(&images[1], arena).unwrap();
        observe(model, &images[0], arena).unwrap().0 != expected
    })
}

#[test]
fn bytes_left_in_the_arena_change_nothing() {
    let mut noticed = 0;
    for seed in 0..100 {
        let config = specs::random(&mut Rng::new(seed));
        let blob = synthetic::blob(&config, seed);
        let images = [seed, seed + 1].map(|seed| image::random(config.image(), seed));
        let name = random_name(seed, &config);
        let model = Model::parse(&blob).unwrap();
        for kernels in Kernels::all() {
            let model = model.clone().with_kernels(kernels);
            assert!(!arena_decides(&model, &images), "{name}, {kernels:?}");
        }
        noticed += u32::from(arena_decides(&model.with_kernels(&LEAVES_DIRT), &images));
    }
    // In a few networks, the patches overwrite the whole arena, so the fault has no effect.
    assert!(noticed > 90, "the planted fault was found in {noticed} of 100 networks only");
}

#[test]
fn evidence_of_a_missing_class_or_token_is_refused() {
    let blob = synthetic::blob(&Preset::Nano.config(10).unwrap(), 1);
    let model = Model::parse(&blob).unwrap();
    let image = image::random(model.config().image(), 1);
    let mut arena = vec![0; model.arena_len()];
    let output = model.run(&image, &mut arena).unwrap();
    let mut map = vec![7; 64];
    let error = output.evidence(10, &mut map).unwrap_err();
    assert_eq!(error, EvidenceError::Class { found: 10, classes: 10 }, "a class too many");
    let error = output.evidence(0, &mut map[1..]).unwrap_err();
    assert_eq!(error, EvidenceError::Length { found: 63, expected: 64 }, "a token too few");
    assert_eq!(map, [7; 64], "nothing is written after an error");
}

#[test]
fn wrong_sizes_are_refused_with_the_right_ones() {
    for seed in 0..100 {
        let config = specs::random(&mut Rng::new(seed));
        let blob = synthetic::blob(&config, seed);
        let model = Model::parse(&blob).unwrap();
        let name = random_name(seed, &config);
        let (arena_len, image_len) = (model.arena_len(), config.image().len());
        let mut arena = vec![0; arena_len];
        let found = arena_len - 1;
        let error = model.run(&vec![0; image_len], &mut arena[..found]).unwrap_err();
        let expected = RunError::Arena { found, expected: arena_len };
        assert_eq!(error, expected, "{name}: one byte of arena too few");
        for found in [0, image_len - 1, image_len + 1] {
            let error = model.run(&vec![0; found], &mut arena).unwrap_err();
            let expected = RunError::Image { found, expected: image_len };
            assert_eq!(error, expected, "{name}: an image of {found} bytes");
        }
    }
}
