//! Single kernels at the shapes of `micro` and `compact`, in multiply-accumulates per second.
//!
//! Normalisations are given in elements per second. The same run measures the rate of `vpdpbusd` alone, as
//! the limit.

use benches::limit;
use benches::summary::{self, Row};
use criterion::{Criterion, Throughput};
use kit::draw::Draw;
use kit::memory::Heap;
use kit::operands::{Affine, Layer, Rescales};
use kit::rng::Rng;
use runtime::Kernels;
use runtime::config::Grid;
use runtime::fixed::Octaves;
use runtime::kernels::{Activation, Attention, Norm, NormAffine, scalar};
use runtime::window::Band;
use std::hint::black_box;
use std::time::SystemTime;

const TOKENS: usize = 64;
const DIM: usize = 64;
const HIDDEN: usize = 128;
/// Seed of all operands: times do not depend on the values of weights and inputs.
const SEED: u64 = 1;
const PLAIN: Activation<'static> = Activation { zero_point: 3, gelu: None };

/// Linear layers and convolutions: name, rows, inputs, outputs.
const LAYERS: [(&str, usize, usize, usize); 8] = [
    ("micro qkv", TOKENS, DIM, 3 * DIM),
    ("micro mlp1", TOKENS, DIM, HIDDEN),
    ("micro mlp2", TOKENS, HIDDEN, DIM),
    ("micro conv3", TOKENS, 288, DIM),
    ("compact conv2", 1024, 288, 64),
    ("compact conv 1x1", 1024, 64, 32),
    ("compact qkv", TOKENS, 128, 384),
    ("compact mlp2", TOKENS, 256, 128),
];

fn main() {
    let start = SystemTime::now();
    let mut criterion = benches::criterion();
    let limit = vpdpbusd(&mut criterion);
    let mut rows = Vec::new();
    for (name, tokens, k, n) in LAYERS {
        linear(&mut criterion, &mut rows, name, (tokens, k, n));
    }
    depthwise(&mut criterion, &mut rows);
    attention(&mut criterion, &mut rows);
    norms(&mut criterion);
    criterion.final_summary();
    summary::print_rates(&rows, limit.as_ref(), start);
}

/// The highest rate of products on this processor. None if there is no program for it.
fn vpdpbusd(criterion: &mut Criterion) -> Option<(Row, usize)> {
    let products = limit::vpdpbusd()?;
    let row = Row { group: "limit".into(), benchmark: "vpdpbusd".into() };
    let mut group = criterion.benchmark_group(&row.group);
    group.throughput(Throughput::Elements(limit::MACS as u64));
    group.bench_function(&row.benchmark, |bencher| bencher.iter(products));
    group.finish();
    Some((row, limit::MACS))
}

/// Times `run` for every kernel set, after its result was found equal to the scalar set's.
fn each_set<T: PartialEq>(
    criterion: &mut Criterion,
    name: &str,
    work: usize,
    mut run: impl FnMut(&Kernels) -> T,
) -> Vec<(Row, usize)> {
    let mut group = criterion.benchmark_group(name);
    let expected = run(&scalar::KERNELS);
    group.throughput(Throughput::Elements(work as u64));
    let mut rows = Vec::new();
    for kernels in Kernels::all() {
        assert!(run(kernels) == expected, "{} kernels differ from scalar", kernels.name);
        group.bench_function(kernels.name, |bencher| bencher.iter(|| run(black_box(kernels))));
        rows.push((Row { group: name.into(), benchmark: kernels.name.into() }, work));
    }
    group.finish();
    rows
}

fn linear(
    criterion: &mut Criterion,
    rows: &mut Vec<(Row, usize)>,
    name: &str,
    (tokens, k, n): (usize, usize, usize),
) {
    let (x, layer) = (bytes(tokens * k), layer(k, n));
    let name = format!("linear {name} {tokens}x{k}x{n}");
    rows.extend(each_set(criterion, &name, tokens * k * n, |kernels| {
        let mut out = vec![0i8; tokens * n];
        (kernels.linear_i8)(&x, &layer.linear(), &PLAIN, &mut out);
        out
    }));
}

fn depthwise(criterion: &mut Criterion, rows: &mut Vec<(Row, usize)>) {
    let grid = Grid { height: 8, width: 8, channels: HIDDEN };
    let band = Band { grid, rows: 0..8 };
    let (x, layer) = (bytes(grid.len()), layer(9, HIDDEN));
    rows.extend(each_set(criterion, "depthwise 8x8x128", 9 * grid.len(), |kernels| {
        let mut out = vec![0i8; grid.len()];
        (kernels.depthwise_i8)(&x, &band, -7, &layer.linear(), &PLAIN, &mut out);
        out
    }));
}

fn attention(criterion: &mut Criterion, rows: &mut Vec<(Row, usize)>) {
    let octaves = Octaves::new(500_000).expect("in range");
    let attention =
        Attention { heads: 4, head_dim: 16, octaves, mult: 1 << 30, shift: 30, zero_point: 0 };
    let qkv = bytes(TOKENS * 3 * DIM);
    let work = 2 * TOKENS * TOKENS * DIM;
    rows.extend(each_set(criterion, "attention 64 tokens 4x16", work, |kernels| {
        let (mut qkv, mut scores) = (qkv.clone(), vec![0i32; TOKENS]);
        (kernels.attention_i8)(&mut qkv, &attention, &mut scores);
        qkv
    }));
}

fn norms(criterion: &mut Criterion) {
    let mut rng = Rng::new(SEED);
    let mut x = vec![0; TOKENS * DIM];
    rng.i16s(&mut x, 1 << 14, false);
    let norm = Norm { eps: 4, mult: 1_500_000_000, shift: 26, zero_point: 0 };
    each_set(criterion, "layer norm 64x64", TOKENS * DIM, |kernels| {
        let mut out = vec![0i8; TOKENS * DIM];
        (kernels.layer_norm_i8)(&x, DIM, &norm, &mut out);
        out
    });
    let affine = Affine::new(&mut Heap, &mut rng, DIM).expect("a heap is large enough");
    let norm = NormAffine { eps: 4, shift: 18, zero_point: 0, ..affine.norm() };
    each_set(criterion, "layer norm affine 64x64", TOKENS * DIM, |kernels| {
        let mut out = vec![0i8; TOKENS * DIM];
        (kernels.layer_norm_affine_i8)(&x, &norm, &mut out);
        out
    });
}

/// A layer of `n` outputs over `k` inputs.
fn layer(k: usize, n: usize) -> Layer<Heap> {
    let layer = Layer::new(&mut Heap, &mut Rng::new(SEED), (n, k), false, Rescales::Fitting);
    layer.expect("a heap is large enough")
}

/// Any i8 values.
fn bytes(len: usize) -> Vec<i8> {
    let mut values = vec![0; len];
    Rng::new(SEED).i8s(&mut values, false);
    values
}
