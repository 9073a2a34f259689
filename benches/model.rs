//! One image through whole networks: int8 in the runtime against float in burn-ndarray.

use benches::networks::{Network, image, tensor};
use benches::summary::{self, Row};
use burn_ndarray::NdArray;
use criterion::Criterion;
use runtime::config::Preset;
use runtime::{Kernels, Model};
use std::hint::black_box;

const PRESETS: [Preset; 4] = [Preset::Compact, Preset::Micro, Preset::Vit64x4, Preset::Vit128x6];
const FLOAT: &str = "f32 burn-ndarray";

fn main() -> anyhow::Result<()> {
    let mut criterion = benches::criterion();
    for preset in PRESETS {
        network(&mut criterion, preset)?;
    }
    criterion.final_summary();
    let rows: Vec<Row> = PRESETS
        .iter()
        .flat_map(|preset| {
            ["int8 scalar", "int8 generic", FLOAT]
                .map(|benchmark| Row { group: preset.name(), benchmark })
        })
        .collect();
    summary::print(&rows, FLOAT);
    Ok(())
}

fn network(criterion: &mut Criterion, preset: Preset) -> anyhow::Result<()> {
    let network = Network::new(preset)?;
    let image = image()?;
    let model = Model::parse(&network.blob)?;
    let mut arena = vec![0; model.arena_len()];
    let expected = model
        .clone()
        .with_kernels(&runtime::kernels::scalar::KERNELS)
        .run(image.image(0), &mut arena)?
        .logits()
        .to_vec();

    let mut group = criterion.benchmark_group(preset.name());
    for kernels in Kernels::all() {
        let model = model.clone().with_kernels(kernels);
        let found = model.run(image.image(0), &mut arena)?.logits();
        anyhow::ensure!(found == expected, "{} kernels differ from scalar", kernels.name);
        group.bench_function(format!("int8 {}", kernels.name), |bencher| {
            bencher.iter(|| {
                let output = model.run(black_box(image.image(0)), &mut arena);
                output.map(|output| output.class())
            });
        });
    }
    let device = Default::default();
    let float = network.float::<NdArray>(&device)?;
    let input = tensor::<NdArray>(&image, &device);
    group.bench_function(FLOAT, |bencher| {
        bencher.iter(|| float.forward(black_box(input.clone())).into_data());
    });
    group.finish();
    Ok(())
}
