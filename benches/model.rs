//! One image through whole networks: int8 and f16 in the runtime against float in burn-ndarray.

use benches::networks::{Network, image, presets};
use benches::summary::{self, Row};
use criterion::Criterion;
use runtime::config::Preset;
use runtime::{Kernels, Model};
use std::hint::black_box;
use std::time::SystemTime;

const FLOAT: &str = "f32 burn-ndarray";
/// The best set, its weights packed once.
const PACKED: &str = "int8 packed";

fn main() -> anyhow::Result<()> {
    let start = SystemTime::now();
    let mut criterion = benches::criterion();
    for preset in presets() {
        network(&mut criterion, preset)?;
    }
    criterion.final_summary();
    let rows = presets().into_iter().flat_map(|preset| {
        let row = move |benchmark| Row { group: preset.name().to_owned(), benchmark };
        let sets = Kernels::all().map(int8);
        sets.chain([PACKED, "f16", FLOAT].map(String::from)).map(row)
    });
    summary::print(&rows.collect::<Vec<_>>(), FLOAT, start);
    Ok(())
}

fn int8(kernels: &Kernels) -> String {
    format!("int8 {}", kernels.name)
}

fn network(criterion: &mut Criterion, preset: Preset) -> anyhow::Result<()> {
    let network = Network::new(preset)?;
    let image = image()?;
    let model = Model::parse(&network.int8)?;
    let mut arena = vec![0; model.arena_len_fast()];
    let expected = model
        .clone()
        .with_kernels(&runtime::kernels::scalar::KERNELS)
        .run(image.image(0), &mut arena)?
        .logits()
        .to_vec();

    let mut group = criterion.benchmark_group(preset.name());
    if preset == Preset::Seed {
        group.sample_size(10);
    }
    for kernels in Kernels::all() {
        let model = model.clone().with_kernels(kernels);
        let found = model.run(image.image(0), &mut arena)?.logits();
        anyhow::ensure!(found == expected, "{} kernels differ from scalar", kernels.name);
        group.bench_function(int8(kernels), |bencher| {
            bencher.iter(|| {
                let output = model.run(black_box(image.image(0)), &mut arena);
                output.map(|output| output.class())
            });
        });
    }
    let mut memory = vec![0; model.packed_len()];
    if !memory.is_empty() {
        let model = Model::parse(&network.int8)?.pack(&mut memory)?;
        let found = model.run(image.image(0), &mut arena)?.logits();
        anyhow::ensure!(found == expected, "packed weights differ from scalar");
        group.bench_function(PACKED, |bencher| {
            bencher.iter(|| {
                let output = model.run(black_box(image.image(0)), &mut arena);
                output.map(|output| output.class())
            });
        });
    }
    let f16 = Model::parse_f16(&network.f16)?;
    let mut arena = vec![0; f16.arena_len_fast()];
    group.bench_function("f16", |bencher| {
        bencher.iter(|| {
            let output = f16.run(black_box(image.image(0)), &mut arena);
            output.map(|output| output.class())
        });
    });
    let float = network.float(&image)?;
    group.bench_function(FLOAT, |bencher| bencher.iter(|| black_box(&float).run()));
    group.finish();
    Ok(())
}
