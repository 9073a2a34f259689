//! Stages of whole networks, one image: int8 and f16 in the runtime against float in burn-ndarray.
//!
//! A stage's time is taken inside whole passes, between the sites that the pass reports, so that
//! every stage finds in the caches what the stage before it left there.

use benches::networks::{Network, image, presets};
use benches::summary::{self, Row};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use runtime::Model;
use runtime::config::Preset;
use runtime::site::{BlockSite, SiteId};
use std::time::{Duration, Instant, SystemTime};

const FLOAT: &str = "f32 burn-ndarray";
/// With weights that were packed once, if the kernel set has a packed order.
const PACKED: &str = "int8 packed";

/// A part of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Stem,
    Attention,
    Mlp,
    Head,
}

const STAGES: [Stage; 4] = [Stage::Stem, Stage::Attention, Stage::Mlp, Stage::Head];

fn main() -> anyhow::Result<()> {
    let start = SystemTime::now();
    let mut criterion = benches::criterion();
    let mut groups = Vec::new();
    for preset in presets() {
        network(&mut criterion, preset)?;
        groups.extend(STAGES.map(|stage| group_name(preset, stage)));
    }
    criterion.final_summary();
    let rows = groups.iter().flat_map(|group| {
        ["int8", PACKED, "f16", FLOAT]
            .map(|benchmark| Row { group: group.clone(), benchmark: benchmark.into() })
    });
    summary::print(&rows.collect::<Vec<_>>(), FLOAT, start);
    Ok(())
}

fn network(criterion: &mut Criterion, preset: Preset) -> anyhow::Result<()> {
    let network = Network::new(preset)?;
    let image = image()?;
    let int8 = Model::parse(&network.int8)?;
    let mut memory = vec![0; int8.packed_len()];
    let packed = Model::parse(&network.int8)?.pack(&mut memory)?;
    let f16 = Model::parse_f16(&network.f16)?;
    let float = network.float(&image)?;
    let mut arena = vec![0; int8.arena_len_fast().max(f16.arena_len_fast())];
    for stage in STAGES {
        let mut group = criterion.benchmark_group(group_name(preset, stage));
        if preset == Preset::Seed {
            group.sample_size(10);
        }
        measure(&mut group, "int8", stage, |clock| {
            let seen = int8.run_observed(image.image(0), &mut arena, &mut |site, _| clock(site));
            seen.expect("image and arena fit");
        });
        measure(&mut group, PACKED, stage, |clock| {
            let seen = packed.run_observed(image.image(0), &mut arena, &mut |site, _| clock(site));
            seen.expect("image and arena fit");
        });
        measure(&mut group, "f16", stage, |clock| {
            let seen = f16.run_observed(image.image(0), &mut arena, &mut |site, _| clock(site));
            seen.expect("image and arena fit");
        });
        measure(&mut group, FLOAT, stage, |clock| float.observe(clock));
        group.finish();
    }
    Ok(())
}

/// Times the parts of each pass that compute the sites of `stage`.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    stage: Stage,
    mut pass: impl FnMut(&mut dyn FnMut(SiteId)),
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|passes| {
            let mut total = Duration::ZERO;
            for _ in 0..passes {
                let mut last = Instant::now();
                pass(&mut |site| {
                    let now = Instant::now();
                    if stage_of(site) == Some(stage) {
                        total += now - last;
                    }
                    last = now;
                });
            }
            total
        });
    });
}

/// The stage that a site's value is computed in; none for the image itself.
fn stage_of(site: SiteId) -> Option<Stage> {
    match site {
        SiteId::Input => None,
        SiteId::Stem { .. } | SiteId::Embed => Some(Stage::Stem),
        SiteId::Block { at, .. } => Some(match at {
            BlockSite::Norm1
            | BlockSite::Query
            | BlockSite::Key
            | BlockSite::Value
            | BlockSite::Context
            | BlockSite::Attention => Stage::Attention,
            BlockSite::Norm2
            | BlockSite::Mlp1
            | BlockSite::Depthwise
            | BlockSite::Gelu
            | BlockSite::Mlp2
            | BlockSite::Output => Stage::Mlp,
        }),
        SiteId::Norm
        | SiteId::Pool
        | SiteId::HeadHidden(_)
        | SiteId::HeadGelu(_)
        | SiteId::Logits => Some(Stage::Head),
    }
}

fn group_name(preset: Preset, stage: Stage) -> String {
    format!("{} {}", preset.name(), format!("{stage:?}").to_lowercase())
}
