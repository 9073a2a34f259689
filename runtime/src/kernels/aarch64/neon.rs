//! Linear layers with NEON: four instructions add sixteen products to an accumulator. The four lanes of an
//! accumulator are partial sums of one output.

use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::set::Kernels;
use crate::kernels::tile::{Chunks, Requants, TILE, Tile, tiled_layers};
use core::arch::aarch64::*;

/// The NEON set.
pub(super) static KERNELS: Kernels =
    Kernels { name: "neon", linear_i8, linear_skip_i8, linear_add_i16, ..generic::KERNELS };

tiled_layers!(Neon);

/// Computes tiles with the instructions `smull` and `sadalp`.
struct Neon;

impl Tile for Neon {
    #[inline]
    fn dots(&self, x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE] {
        // SAFETY: NEON is part of the architecture.
        unsafe { dots(x, w) }
    }

    #[inline]
    fn rescale(&self, requants: &Requants, dots: [i32; TILE]) -> [i32; TILE] {
        // SAFETY: NEON is part of the architecture.
        unsafe { rescale(requants, dots) }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn dots(x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE] {
    let mut acc = [[vdupq_n_s32(0); TILE]; TILE];
    let (x, w) = (Chunks::new(x), Chunks::new(w));
    let rest = x.rest.zip(w.rest);
    for (x, w) in x.steps().zip(w.steps()) {
        step(&mut acc, x, w);
    }
    if let Some((x, w)) = rest {
        step(&mut acc, x.each_ref(), w.each_ref());
    }
    reduce(&acc)
}

#[inline]
#[target_feature(enable = "neon")]
fn step(acc: &mut [[int32x4_t; TILE]; TILE], x: [&[i8; 16]; TILE], w: [&[i8; 16]; TILE]) {
    let mut weights = [vdupq_n_s8(0); TILE];
    for (to, from) in weights.iter_mut().zip(w) {
        *to = load(from);
    }
    for (acc, x) in acc.iter_mut().zip(x) {
        let x = load(x);
        for (acc, w) in acc.iter_mut().zip(weights) {
            // The halves are added one after the other. If they were added to each other first, the sum of
            // two products −128 · −128 would not fit i16.
            let low = vmull_s8(vget_low_s8(x), vget_low_s8(w));
            let high = vmull_high_s8(x, w);
            *acc = vpadalq_s16(vpadalq_s16(*acc, low), high);
        }
    }
}

/// Sums the four lanes of each accumulator, `[row][channel]`.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn reduce(acc: &[[int32x4_t; TILE]; TILE]) -> [[i32; TILE]; TILE] {
    let mut sums = [[0; TILE]; TILE];
    for (sums, &[a, b, c, d]) in sums.iter_mut().zip(acc) {
        let all = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
        // SAFETY: `sums` has four i32.
        unsafe { vst1q_s32(sums.as_mut_ptr(), all) };
    }
    sums
}

/// Rescales four channels. `srshl` by a negative number is a right shift that rounds half up.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn rescale(requants: &Requants, dots: [i32; TILE]) -> [i32; TILE] {
    // SAFETY: each array has four i32.
    let load = |values: &[i32; TILE]| unsafe { vld1q_s32(values.as_ptr()) };
    let acc = vaddq_s32(load(&dots), load(&requants.bias));
    let mult = load(&requants.mult);
    let [a, b, c, d] = requants.shift.map(|shift| -i64::from(shift));
    let pair = |low, high| vcombine_s64(vdup_n_s64(low), vdup_n_s64(high));
    let low = vrshlq_s64(vmull_s32(vget_low_s32(acc), vget_low_s32(mult)), pair(a, b));
    let high = vrshlq_s64(vmull_high_s32(acc, mult), pair(c, d));
    let mut rescaled = [0; TILE];
    let all = vcombine_s32(vmovn_s64(low), vmovn_s64(high));
    // SAFETY: `rescaled` has four i32.
    unsafe { vst1q_s32(rescaled.as_mut_ptr(), all) };
    rescaled
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load(values: &[i8; 16]) -> int8x16_t {
    // SAFETY: there are sixteen bytes.
    unsafe { vld1q_s8(values.as_ptr()) }
}
