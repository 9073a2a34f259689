//! NEON with dot products: sixteen products per instruction. The four lanes of an accumulator hold partial
//! sums of one output.

use super::neon::{load, reduce, rescale};
use crate::kernels::generic;
use crate::kernels::operand::{Activation, Linear, Skip};
use crate::kernels::set::Kernels;
use crate::kernels::tile::{Chunks, Requants, TILE, Tile, tiled_layers};
use core::arch::aarch64::*;
use core::arch::asm;

/// The dot product set.
pub(super) static KERNELS: Kernels =
    Kernels { name: "dotprod", linear_i8, linear_skip_i8, linear_add_i16, ..generic::KERNELS };

tiled_layers!(DotProd);

/// Tiles by `sdot`.
struct DotProd;

impl Tile for DotProd {
    #[inline]
    fn dots(&self, x: [&[i8]; TILE], w: [&[i8]; TILE]) -> [[i32; TILE]; TILE] {
        // SAFETY: `sets` returns this set only if the processor has dot products.
        unsafe { dots(x, w) }
    }

    #[inline]
    fn rescale(&self, requants: &Requants, dots: [i32; TILE]) -> [i32; TILE] {
        // SAFETY: NEON is part of the architecture.
        unsafe { rescale(requants, dots) }
    }
}

#[target_feature(enable = "neon,dotprod")]
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
#[target_feature(enable = "neon,dotprod")]
fn step(acc: &mut [[int32x4_t; TILE]; TILE], x: [&[i8; 16]; TILE], w: [&[i8; 16]; TILE]) {
    let mut weights = [vdupq_n_s8(0); TILE];
    for (to, from) in weights.iter_mut().zip(w) {
        *to = load(from);
    }
    for (acc, x) in acc.iter_mut().zip(x) {
        let x = load(x);
        for (acc, w) in acc.iter_mut().zip(weights) {
            *acc = sdot(*acc, x, w);
        }
    }
}

/// Adds four products to each lane. The intrinsic is not stable.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn sdot(mut acc: int32x4_t, x: int8x16_t, w: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction reads and writes only these registers. The features of this function include
    // it.
    unsafe {
        asm!(
            "sdot {acc:v}.4s, {x:v}.16b, {w:v}.16b",
            acc = inout(vreg) acc,
            x = in(vreg) x,
            w = in(vreg) w,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    acc
}
