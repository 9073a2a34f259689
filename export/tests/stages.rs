//! Compares the integer network with the float network, stage by stage, on real images.

use export::calibrate::Observer;
use export::float::FloatModel;
use export::verify::reals;
use export::{Method, unwatched};
use kit::specs;
use runtime::Model;
use runtime::config::{Preset, VitConfig};
use runtime::site::{SiteId, SiteValues};
use std::collections::BTreeMap;
use trainer::checkpoint::{self, Checkpoint};
use trainer::data::{self, DataSource, Normalisation};
use trainer::model::{DropoutRates, Vit};

/// Minimum ratio of signal to error, in decibels, at any stage. An 8-bit step of a uniform signal gives
/// 48 dB; errors add up along the network.
const MIN_DECIBELS: f64 = 18.0;

#[test]
fn micro_follows_the_float_network() {
    check("micro", Preset::Micro.config(10).unwrap());
}

#[test]
fn nano_follows_the_float_network_and_fits_its_flash() {
    let blob_bytes = check("nano", Preset::Nano.config(10).unwrap());
    assert!(blob_bytes <= 96 * 1024, "a blob of {blob_bytes} bytes");
}

#[test]
fn compact_follows_the_float_network() {
    check("compact", Preset::Compact.config(10).unwrap());
}

#[test]
fn patches_follow_the_float_network() {
    check("vit-64x4", Preset::Vit64x4.config(10).unwrap());
}

#[test]
fn the_options_of_the_seed_follow_the_float_network() {
    let config = VitConfig::new(specs::seed_options()).unwrap();
    check("flatten head, second GELU, row order", config);
}

#[test]
fn a_hidden_layer_after_a_mean_pool_follows_the_float_network() {
    let config = VitConfig::new(specs::hidden_after_mean()).unwrap();
    check("mean head with a hidden layer", config);
}

/// Quantizes a network with seeded weights and compares every stored activation of four images, in
/// int8 and in f16; returns the size of the int8 blob.
fn check(name: &str, config: VitConfig) -> usize {
    let data = data::embedded().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seeded.mpk");
    let device = Default::default();
    let checkpoint = Checkpoint {
        preset: name.to_owned(),
        model: Vit::<burn_ndarray::NdArray>::new(&config, DropoutRates::default(), 7, &device),
        config,
        classes: data.classes.clone(),
        normalisation: Normalisation::CIFAR10,
        source: DataSource::Cifar10,
        attributes: None,
    };
    checkpoint::save(&path, &checkpoint).unwrap();

    let float = FloatModel::load(&path).unwrap();
    let net = float.weights().unwrap();
    // Biases are not corrected, because the test compares each stage's own rounding.
    let method = Method { observer: Observer::MinMax, correct_biases: false };
    let (_, quantized) = export::quantize(&float, &data.train.take(64), method, unwatched).unwrap();
    let model = Model::parse(&quantized.blob).unwrap();
    let f16_blob = export::assemble::assemble_f16(&net).unwrap();
    let f16_model = Model::parse_f16(&f16_blob).unwrap();
    let mut arena = vec![0; model.arena_len_fast().max(f16_model.arena_len_fast())];
    let mut errors = BTreeMap::<SiteId, (f64, f64)>::new();
    for index in 0..4 {
        let image = data.test.subset(&[index]);
        let mut expected = BTreeMap::new();
        let keep = |site, values: &[f32], _| {
            expected.insert(site, values.to_vec());
        };
        float.observe(&image, keep, |_| {}).unwrap();
        let mut compare = |site: SiteId, values: SiteValues<'_>| {
            let real = reals(&net, &quantized, site, &values);
            let float = &expected[&site];
            assert_eq!(real.len(), float.len(), "{name}: values at {site}");
            let (signal, noise) = errors.entry(site).or_default();
            for (real, &float) in real.iter().zip(float) {
                *signal += f64::from(float).powi(2);
                *noise += (real - f64::from(float)).powi(2);
            }
        };
        model.run_observed(image.image(0), &mut arena, &mut compare).unwrap();
        let mut compare = |site: SiteId, values: SiteValues<'_>| {
            check_f16(name, site, values.floats().collect(), &expected[&site]);
        };
        f16_model.run_observed(image.image(0), &mut arena, &mut compare).unwrap();
    }
    for (site, (signal, noise)) in errors {
        let decibels = 10.0 * (signal / noise.max(1e-30)).log10();
        println!("{name:<40} {:<28} {decibels:6.1} dB", site.to_string());
        assert!(decibels >= MIN_DECIBELS, "{name}: {decibels:.1} dB at {site}");
    }
    quantized.blob.len()
}

/// f16 weights have eleven bits, which give 66 dB. The errors of earlier layers reduce this.
fn check_f16(name: &str, site: SiteId, found: Vec<f32>, expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}: f16 values at {site}");
    let square = |x: f32| f64::from(x).powi(2);
    let signal: f64 = expected.iter().map(|&x| square(x)).sum();
    let noise: f64 = expected.iter().zip(&found).map(|(x, y)| square(x - y)).sum();
    let decibels = 10.0 * (signal / noise.max(1e-30)).log10();
    assert!(decibels >= 50.0, "{name}: f16 has {decibels:.1} dB at {site}");
}
