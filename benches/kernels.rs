//! Single kernels at the shapes of `micro`, in multiply-accumulates a second (elements a second
//! for normalisation).

use benches::layers::{Affine, Layer, bytes, halves};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use runtime::Kernels;
use runtime::config::Grid;
use runtime::fixed::Octaves;
use runtime::kernels::{Activation, Attention, Norm, NormAffine, scalar};
use std::hint::black_box;

const TOKENS: usize = 64;
const DIM: usize = 64;
const HIDDEN: usize = 128;
const PLAIN: Activation<'static> = Activation { zero_point: 3, gelu: None };

fn main() {
    let mut criterion = benches::criterion();
    for (name, k, n) in
        [("qkv", DIM, 3 * DIM), ("mlp1", DIM, HIDDEN), ("mlp2", HIDDEN, DIM), ("conv3", 288, DIM)]
    {
        linear(&mut criterion, name, k, n);
    }
    depthwise(&mut criterion);
    attention(&mut criterion);
    norms(&mut criterion);
    criterion.final_summary();
}

/// Times `run` for every kernel set, after its result was found equal to the scalar set's.
fn each_set<T: PartialEq>(
    mut group: BenchmarkGroup<'_, WallTime>,
    work: usize,
    mut run: impl FnMut(&Kernels) -> T,
) {
    let expected = run(&scalar::KERNELS);
    group.throughput(Throughput::Elements(work as u64));
    for kernels in Kernels::all() {
        assert!(run(kernels) == expected, "{} kernels differ from scalar", kernels.name);
        group.bench_function(kernels.name, |bencher| bencher.iter(|| run(black_box(kernels))));
    }
    group.finish();
}

fn linear(criterion: &mut Criterion, name: &str, k: usize, n: usize) {
    let (x, layer) = (bytes(TOKENS * k), Layer::new(k, n));
    let group = criterion.benchmark_group(format!("linear {name} {TOKENS}x{k}x{n}"));
    each_set(group, TOKENS * k * n, |kernels| {
        let mut out = vec![0i8; TOKENS * n];
        (kernels.linear_i8)(&x, &layer.linear(), &PLAIN, &mut out);
        out
    });
}

fn depthwise(criterion: &mut Criterion) {
    let grid = Grid { height: 8, width: 8, channels: HIDDEN };
    let (x, layer) = (bytes(grid.len()), Layer::new(9, HIDDEN));
    let group = criterion.benchmark_group("depthwise 8x8x128");
    each_set(group, 9 * grid.len(), |kernels| {
        let mut out = vec![0i8; grid.len()];
        (kernels.depthwise_i8)(&x, grid, -7, &layer.linear(), &PLAIN, &mut out);
        out
    });
}

fn attention(criterion: &mut Criterion) {
    let octaves = Octaves::new(500_000).expect("in range");
    let attention =
        Attention { heads: 4, head_dim: 16, octaves, mult: 1 << 30, shift: 30, zero_point: 0 };
    let qkv = bytes(TOKENS * 3 * DIM);
    let group = criterion.benchmark_group("attention 64 tokens 4x16");
    each_set(group, 2 * TOKENS * TOKENS * DIM, |kernels| {
        let (mut scores, mut out) = (vec![0i32; TOKENS], vec![0i8; TOKENS * DIM]);
        (kernels.attention_i8)(&qkv, &attention, &mut scores, &mut out);
        out
    });
}

fn norms(criterion: &mut Criterion) {
    let x = halves(TOKENS * DIM);
    let norm = Norm { eps: 4, mult: 1_500_000_000, shift: 26, zero_point: 0 };
    each_set(criterion.benchmark_group("layer norm 64x64"), TOKENS * DIM, |kernels| {
        let mut out = vec![0i8; TOKENS * DIM];
        (kernels.layer_norm_i8)(&x, DIM, &norm, &mut out);
        out
    });
    let affine = Affine::new(DIM);
    let (gamma, beta) = affine.views();
    let norm = NormAffine { eps: 4, gamma, beta, shift: 18, zero_point: 0 };
    each_set(criterion.benchmark_group("layer norm affine 64x64"), TOKENS * DIM, |kernels| {
        let mut out = vec![0i8; TOKENS * DIM];
        (kernels.layer_norm_affine_i8)(&x, &norm, &mut out);
        out
    });
}
