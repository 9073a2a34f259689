//! Every kernel set returns the bits of the scalar set, for any shape and any values that the
//! contracts allow.

#![no_main]

use fuzz::operands::{Affine, Gelu, Layer, attention, norm, skip};
use fuzz::supply::Supply;
use libfuzzer_sys::fuzz_target;
use runtime::Kernels;
use runtime::config::{Grid, MAX_DIM, MAX_HEAD_DIM, MAX_POOLED};
use runtime::format::I32Le;
use runtime::kernels::scalar;
use std::fmt::Debug;

/// Most multiply-accumulates of one call.
const MAX_WORK: usize = 12_000;

fuzz_target!(|data: &[u8]| {
    let mut supply = Supply::new(data);
    match supply.byte() % 6 {
        0 | 1 => linear(&mut supply),
        2 => depthwise(&mut supply),
        3 => norms(&mut supply),
        4 => attend(&mut supply),
        _ => pool_and_logits(&mut supply),
    }
});

/// Compares what `run` returns under every set with what it returns under the scalar one.
fn compare<T: PartialEq + Debug>(what: &str, shape: impl Debug, run: impl Fn(&Kernels) -> T) {
    let expected = run(&scalar::KERNELS);
    for kernels in Kernels::all() {
        let found = run(kernels);
        assert!(found == expected, "{what} {shape:?}, {kernels:?}: {found:?}, not {expected:?}");
    }
}

fn linear(supply: &mut Supply<'_>) {
    let k = match supply.byte() % 4 {
        0 => supply.len(1, 12),
        1 | 2 => supply.len(1, 200),
        _ => supply.len(1, 1300),
    };
    let n = supply.len(1, 50.min(MAX_WORK / k).max(1));
    let rows = supply.len(0, 20.min(MAX_WORK / (k * n)).max(1));
    let layer = Layer::new(supply, n, k);
    let (gelu, skip) = (Gelu::new(supply), skip(supply));
    let offset = supply.len(0, 3);
    let x = supply.i8s(rows * k + offset);
    let x = &x[offset..];
    let (input, stream) = (supply.i8s(rows * n), supply.i16s(rows * n));
    compare("linear", (rows, n, k), |kernels| {
        let (mut out, mut skipped, mut added) = (input.clone(), input.clone(), stream.clone());
        (kernels.linear_i8)(x, &layer.linear(), &gelu.activation(), &mut out);
        (kernels.linear_skip_i8)(x, &layer.linear(), &skip, &mut skipped);
        (kernels.linear_add_i16)(x, &layer.linear(), &mut added);
        (out, skipped, added)
    });
}

fn depthwise(supply: &mut Supply<'_>) {
    let grid =
        Grid { height: supply.len(1, 9), width: supply.len(1, 9), channels: supply.len(1, 70) };
    let (layer, gelu) = (Layer::new(supply, grid.channels, 9), Gelu::new(supply));
    let (x, pad) = (supply.i8s(grid.len()), supply.byte().cast_signed());
    compare("depthwise", grid, |kernels| {
        let mut out = vec![0; grid.len()];
        let depthwise = kernels.depthwise_i8;
        depthwise(&x, grid, pad, &layer.linear(), &gelu.activation(), &mut out);
        out
    });
}

fn norms(supply: &mut Supply<'_>) {
    let (dim, rows) = (supply.len(1, MAX_DIM), supply.len(0, 3));
    let (norm, affine) = (norm(supply), Affine::new(supply, dim));
    let x = supply.i16s(rows * dim);
    compare("layer norm", (rows, dim), |kernels| {
        let (mut folded, mut full) = (vec![0; rows * dim], vec![0; rows * dim]);
        (kernels.layer_norm_i8)(&x, dim, &norm, &mut folded);
        (kernels.layer_norm_affine_i8)(&x, &affine.norm(), &mut full);
        (folded, full)
    });
}

fn attend(supply: &mut Supply<'_>) {
    let (heads, head_dim) = (supply.len(1, 4), supply.len(1, MAX_HEAD_DIM));
    let width = heads * head_dim;
    let longest = if supply.byte() < 8 { 270 } else { 70 };
    let tokens = supply.len(1, longest.min(MAX_WORK.isqrt() * 2 / width.isqrt()).max(1));
    let attention = attention(supply, heads, head_dim);
    let qkv = supply.i8s(3 * tokens * width);
    compare("attention", (heads, head_dim, tokens), |kernels| {
        let (mut scores, mut out) = (vec![0; tokens], vec![0; tokens * width]);
        (kernels.attention_i8)(&qkv, &attention, &mut scores, &mut out);
        out
    });
}

fn pool_and_logits(supply: &mut Supply<'_>) {
    let (dim, classes) = (supply.len(1, 300), supply.len(1, 20));
    let tokens = supply.len(1, (MAX_POOLED / dim).min(40));
    let (x, zero) = (supply.i8s(tokens * dim), supply.byte().cast_signed());
    let (weights, bias) = (supply.i8s(classes * dim), supply.i32s(classes, 1 << 30));
    let bias = I32Le::new(&bias).expect("whole words");
    compare("pool and logits", (tokens, dim, classes), |kernels| {
        let (mut sums, mut wide, mut narrow) = (vec![0; dim], vec![0; classes], vec![0; classes]);
        (kernels.pool_i32)(&x, zero, &mut sums);
        (kernels.logits_i32)(&sums, &weights, bias, &mut wide);
        (kernels.logits_i8)(&x[..dim], &weights, bias, &mut narrow);
        (sums, wide, narrow)
    });
}
