//! Kernel sets with a planted fault. They show that a test finds such faults.

use runtime::Kernels;
use runtime::kernels::{Activation, Attention, Linear, scalar};
use std::hint::black_box;

/// Layers do not write their output, so bytes that were in memory before decide the result.
pub static LEAVES_DIRT: Kernels =
    Kernels { name: "leaves dirt", linear_i8: leaves_dirt, ..scalar::KERNELS };

/// Attention allocates memory.
pub static ALLOCATES: Kernels =
    Kernels { name: "allocates", attention_i8: allocates, ..scalar::KERNELS };

fn leaves_dirt(_: &[i8], _: &Linear<'_>, _: &Activation<'_>, _: &mut [i8]) {}

fn allocates(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    black_box(scores.to_vec());
    scalar::attention_i8(qkv, attention, scores);
}
