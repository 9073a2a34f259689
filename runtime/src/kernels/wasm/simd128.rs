//! 128-bit vectors: eight products per instruction on values widened to i16. The lanes of a vector hold
//! partial sums of one output.
//!
//! `i32x4.dot_i16x8_s` adds two products of at most `2^14` and cannot overflow.

use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::set::Kernels;
use crate::kernels::tile::{Chunks, TILE, Tile, tiled_layers};
use core::arch::wasm32::*;

/// The 128-bit set.
pub(super) static KERNELS: Kernels =
    Kernels { name: "simd128", linear_i8, linear_skip_i8, linear_add_i16, ..generic::KERNELS };

tiled_layers!(Simd128);

/// Tiles by `i32x4.dot_i16x8_s`.
struct Simd128;

impl Tile for Simd128 {
    #[inline]
    fn dots(&self, x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE] {
        let mut acc = [[i32x4_splat(0); TILE]; TILE];
        let (x, w) = (Chunks::new(x), Chunks::new(w));
        let rest = x.rest.zip(w.rest);
        for (x, w) in x.steps().zip(w.steps()) {
            step(&mut acc, x, w);
        }
        if let Some((x, w)) = rest {
            step(&mut acc, x.each_ref(), w.each_ref());
        }
        acc.map(|row| row.map(sum))
    }
}

#[inline]
fn step(acc: &mut [[v128; TILE]; TILE], x: [&[i8; 16]; TILE], w: [&[i8; 16]; TILE]) {
    let weights = w.map(widen);
    for (acc, x) in acc.iter_mut().zip(x) {
        let [x_low, x_high] = widen(x);
        for (acc, [w_low, w_high]) in acc.iter_mut().zip(weights) {
            let low = i32x4_dot_i16x8(x_low, w_low);
            let high = i32x4_dot_i16x8(x_high, w_high);
            *acc = i32x4_add(*acc, i32x4_add(low, high));
        }
    }
}

/// Sixteen i8 as two vectors of i16.
#[inline]
fn widen(values: &[i8; 16]) -> [v128; 2] {
    let all = load(values);
    [i16x8_extend_low_i8x16(all), i16x8_extend_high_i8x16(all)]
}

#[inline]
fn load(values: &[i8; 16]) -> v128 {
    // SAFETY: there are sixteen bytes.
    unsafe { v128_load(values.as_ptr().cast()) }
}

/// The sum of four lanes.
#[inline]
fn sum(lanes: v128) -> i32 {
    let pairs = i32x4_add(lanes, i32x4_shuffle::<2, 3, 0, 1>(lanes, lanes));
    i32x4_extract_lane::<0>(pairs) + i32x4_extract_lane::<1>(pairs)
}
