//! The float simulation of training against the integers that the runtime computes.

use export::calibrate::Observer;
use export::float::FloatModel;
use export::verify::reals;
use export::verify::simulated_sites;
use export::{Method, unwatched};
use runtime::Model;
use runtime::site::{SiteId, SiteValues};
use std::collections::BTreeMap;
use std::path::Path;
use trainer::data;
use trainer::quantize::is_rounded;

/// Number of images of which every stage is compared.
const STAGE_IMAGES: usize = 40;
/// Minimum share of a stage's values that are within one step.
const MIN_NEAR: f64 = 0.9999;
/// Minimum share of a stage's values that are the same. The simulation does not round within the last
/// normalisation; elsewhere only float sums differ.
const MIN_SAME: f64 = 0.985;
/// Minimum share of all images to which both give the same class.
const MIN_AGREEMENT: f64 = 0.995;
/// Checkpoints, by their path from this crate's manifest.
const RECORDS: [&str; 3] = [
    "../tests/records/micro-26-epochs.mpk",
    "../trainer/models/nano/best.mpk",
    "../trainer/models/micro/best.mpk",
];

/// Numbers of values of a site: all, those that differ, and those that differ by more than one step.
#[derive(Default)]
struct Count {
    values: usize,
    other: usize,
    apart: usize,
}

#[test]
fn it_is_within_a_step_of_the_integers_at_every_stage() {
    RECORDS.into_iter().for_each(check);
}

fn check(name: &str) {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let float = FloatModel::load(&record).unwrap();
    let data = data::embedded().unwrap();
    // The simulation does not know the biases that the exporter corrects.
    let method = Method { observer: Observer::Mse, correct_biases: false };
    let (_, quantized) =
        export::quantize(&float, &data.train.take(256), method, unwatched).unwrap();
    let net = float.weights().unwrap();
    let model = Model::parse(&quantized.blob).unwrap();
    let mut arena = vec![0; model.arena_len_fast()];

    let images = data.test.take(STAGE_IMAGES);
    let mut integers = BTreeMap::<SiteId, Vec<f32>>::new();
    for index in 0..images.len() {
        let mut keep = |site, stored: SiteValues<'_>| {
            let reals = reals(&net, &quantized, site, &stored);
            integers.entry(site).or_default().extend(reals.iter().map(|&real| real as f32));
        };
        model.run_observed(images.image(index), &mut arena, &mut keep).unwrap();
    }

    // Each stage continues from the integers of the stage before it. Otherwise one value that is
    // rounded differently would change all values of the next stage.
    let mut counts = BTreeMap::<SiteId, Count>::new();
    let compare = |site: SiteId, values: &mut Vec<f32>| {
        let Some(integers) = integers.get(&site) else { return };
        let count = counts.entry(site).or_default();
        let integers = &integers[count.values..][..values.len()];
        if is_rounded(site) {
            let steps = steps(&net, &quantized, site);
            for ((a, b), step) in integers.iter().zip(&*values).zip(steps.iter().cycle()) {
                let distance = f64::from((a - b).abs()) / step;
                count.other += usize::from(distance > 0.01);
                count.apart += usize::from(distance > 1.01);
            }
        }
        count.values += values.len();
        if site != SiteId::Pool {
            values.copy_from_slice(integers);
        }
    };
    float.simulate(simulated_sites(&net, &quantized), &images, compare).unwrap();
    assert!(counts.len() > 20, "{} sites", counts.len());
    let counts = counts.into_iter().filter(|(site, _)| is_rounded(*site));
    for (site, Count { values, other, apart }) in counts {
        let share = |count| 1.0 - count as f64 / values as f64;
        let percent = [other, apart].map(|count| 100.0 * share(count));
        println!(
            "{name} {site}: {:.4} % of {values} the same, {:.4} % within a step",
            percent[0], percent[1]
        );
        assert!(
            share(apart) >= MIN_NEAR,
            "{name} {site}: {apart} of {values} are more than a step apart"
        );
        assert!(share(other) >= MIN_SAME, "{name} {site}: {other} of {values} are not the same");
    }

    let logits = float.simulate(simulated_sites(&net, &quantized), &data.test, |_, _| {});
    let logits = logits.unwrap();
    let classes = float.config().classes();
    let mut same = 0;
    for (index, logits) in logits.chunks_exact(classes).enumerate() {
        let found = model.run(data.test.image(index), &mut arena).unwrap().class();
        let best = (0..classes).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        same += usize::from(best == Some(found));
    }
    let share = same as f64 / data.test.len() as f64;
    println!("{name}: the same class for {same} of {}", data.test.len());
    assert!(share >= MIN_AGREEMENT, "{name}: the same class for {same} of {}", data.test.len());
}

/// The size of one step of each channel of a site, in units of the float network.
fn steps(
    net: &export::float::FloatNet,
    quantized: &export::assemble::Quantized,
    site: SiteId,
) -> Vec<f64> {
    let scale = quantized.sites[&site].scale;
    match export::verify::folding(net, site) {
        Some(scaling) => scaling.gain.iter().map(|gain| (gain * scale).abs()).collect(),
        None => vec![scale],
    }
}
