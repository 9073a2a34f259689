//! The activations of the random test networks use most of the range of their types. If all values were
//! zero, saturated or equal, wrong arithmetic would give the same bits, and a comparison would prove nothing.

use kit::image;
use kit::synthetic;
use runtime::Model;
use runtime::config::{Preset, VitConfig};
use tests::golden::Golden;
use tests::integer_reference::Site;
use tests::observed::answer;

/// Sites with fewer values are not judged.
const MIN_VALUES: usize = 500;
/// Maximum share of saturated values.
const MAX_SATURATED: f64 = 0.1;

/// The distribution of the values of one site.
#[derive(Debug)]
struct Spread {
    distinct: usize,
    width: i128,
    saturated: f64,
    /// Standard deviation.
    deviation: f64,
    /// Standard deviation of a channel over tokens, which attention depends on.
    over_tokens: f64,
}

impl Spread {
    fn of(site: &Site, tokens: usize) -> Self {
        let values: Vec<f64> = site.values.iter().map(|&v| v as f64).collect();
        let mut sorted = site.values.clone();
        sorted.sort_unstable();
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let ends = if is_stream(site) { [-32_768, 32_767] } else { [-128, 127] };
        let saturated = sorted.iter().filter(|value| ends.contains(value)).count();
        sorted.dedup();
        let channels = (values.len() / tokens).max(1);
        let variances = (0..channels).map(|channel| {
            variance(&values.iter().skip(channel).step_by(channels).copied().collect::<Vec<_>>())
        });
        Self {
            distinct: sorted.len(),
            width: max - min,
            saturated: saturated as f64 / values.len() as f64,
            deviation: variance(&values).sqrt(),
            over_tokens: (variances.sum::<f64>() / channels as f64).sqrt(),
        }
    }
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n
}

/// Whether the site is the residual stream, i16.
fn is_stream(site: &Site) -> bool {
    ["embed", ".attention", ".output"].iter().any(|end| site.name.ends_with(end))
}

fn check(name: &str, blob: &[u8], seed: u64) {
    let model = Model::parse(blob).unwrap();
    let config = model.config();
    let answer = answer(&model, &image::random(config.image(), seed)).unwrap();
    let judged = |site: &&Site| site.values.len() >= MIN_VALUES && site.name != "input";
    for site in answer.sites.iter().filter(judged) {
        let spread = Spread::of(site, config.tokens());
        let at = format!("{name}, seed {seed}, {}: {spread:?}", site.name);
        assert!(spread.saturated <= MAX_SATURATED, "{at}: saturated");
        if is_stream(site) {
            assert!((1_000.0..16_000.0).contains(&spread.deviation), "{at}: spread");
            assert!(spread.over_tokens >= 700.0, "{at}: spread over tokens");
        } else {
            assert!(spread.distinct >= 80, "{at}: distinct values");
            assert!(spread.width >= 110, "{at}: width");
            assert!(spread.deviation >= 15.0, "{at}: spread");
            // A softmax averages, so tokens differ less there.
            let least = if site.name.ends_with("context") { 5.0 } else { 10.0 };
            assert!(spread.over_tokens >= least, "{at}: spread over tokens");
        }
    }
    let mut logits = answer.logits.clone();
    logits.sort_unstable();
    logits.dedup();
    assert_eq!(logits.len(), config.classes(), "{name}: distinct logits");
    let mut embedding = answer.embedding.clone();
    embedding.sort_unstable();
    embedding.dedup();
    assert!(2 * embedding.len() > answer.embedding.len(), "{name}: distinct pooled values");
}

#[test]
fn presets_use_the_range_of_i8() {
    // The largest preset is left out, because its weights take 70 MB.
    let small = |config: &VitConfig| config.parameters() < 2_000_000;
    for preset in Preset::ALL {
        let config = preset.config(10).unwrap();
        for seed in (1..=3).filter(|_| small(&config)) {
            check(preset.name(), &synthetic::blob(&config, seed), seed);
        }
    }
}

#[test]
fn golden_networks_use_the_range_of_i8() {
    for golden in Golden::all() {
        let [(name, blob), ..] = golden.files();
        check(&name, &blob, 1);
    }
}
