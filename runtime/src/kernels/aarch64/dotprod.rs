//! NEON with dot products: `sdot` adds four products to each of four channels, of four inputs that it takes from
//! any quarter of a register.

use super::vector::Neon;
use crate::kernels::lanes::multiply::{Block, CHANNELS, CHUNK, Multiply, runs};
use crate::kernels::lanes::{self, vector::Vector};
use crate::kernels::set::Kernels;
use crate::kernels::tile_rows::TileRows;
use core::arch::aarch64::{int8x16_t, int32x4_t, vld1q_s8};
use core::arch::asm;

/// The dot product set.
pub(super) static KERNELS: Kernels = lanes::set::<DotProd>("dotprod");

/// Products of four inputs.
struct DotProd;

impl Multiply for DotProd {
    type V = Neon;
    const INPUTS: usize = 16;
    const PERIOD: usize = 1;
    type Unaligned = Self;
    /// Exponentials are multiplied as i8.
    const EXPONENTIAL_OFFSET: i32 = 128;

    #[inline]
    fn convert(x: Neon) -> Neon {
        x
    }

    #[inline]
    fn store_exponentials(e: Neon, _: bool, out: &mut [i8]) {
        e.store_less_128(out);
    }

    /// For every four inputs, four channels and then four more.
    #[inline]
    fn arrange([a, b, c, d, e, f, g, h]: [Neon; CHANNELS]) -> [Neon; CHANNELS] {
        let four = |a: Neon, b: Neon, c: Neon, d: Neon| {
            let ([ac, ac2], [bd, bd2]) = (a.zip32(c), b.zip32(d));
            let ([first, second], [third, fourth]) = (ac.zip32(bd), ac2.zip32(bd2));
            [first, second, third, fourth]
        };
        let ([a, b, c, d], [e, f, g, h]) = (four(a, b, c, d), four(e, f, g, h));
        [a, e, b, f, c, g, d, h]
    }

    #[inline]
    fn accumulate<const R: usize>(
        sums: &mut [[Neon; 2]; R],
        x: &[TileRows<'_, CHUNK, R>],
        weights: &[Block],
    ) {
        // SAFETY: `sets` returns this set only if the processor has dot products.
        unsafe { tile(sums, x, weights) };
    }
}

/// Adds the products of rows to their sums.
#[target_feature(enable = "neon,dotprod")]
fn tile<const R: usize>(
    sums: &mut [[Neon; 2]; R],
    x: &[TileRows<'_, CHUNK, R>],
    weights: &[Block],
) {
    let mut acc = sums.map(|sums| sums.map(Neon::i32));
    for (x, weights) in runs(x, weights) {
        let rows = x.rows;
        for (at, block) in weights.iter().enumerate() {
            // SAFETY: the rows have a chunk for each block, because `runs` gives no more blocks.
            let x = rows.map(|row| unsafe { vld1q_s8(row.wrapping_add(at).cast()) });
            let [a, b, c, d, e, f, g, h] = block;
            quarter::<R, 0>(&mut acc, &x, [a, b]);
            quarter::<R, 1>(&mut acc, &x, [c, d]);
            quarter::<R, 2>(&mut acc, &x, [e, f]);
            quarter::<R, 3>(&mut acc, &x, [g, h]);
        }
    }
    *sums = acc.map(|sums| sums.map(Neon::from));
}

/// Adds the products of the quarter `Q` of the inputs.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn quarter<const R: usize, const Q: usize>(
    acc: &mut [[int32x4_t; 2]; R],
    x: &[int8x16_t; R],
    weights: [&[i8; CHUNK]; 2],
) {
    let weights = weights.map(Neon::load);
    for (acc, x) in acc.iter_mut().zip(x) {
        for (acc, w) in acc.iter_mut().zip(weights) {
            // The intrinsic is not stable.
            // SAFETY: the instruction reads and writes only these registers. The features of this function
            // include it.
            unsafe {
                asm!(
                    "sdot {acc:v}.4s, {w:v}.16b, {x:v}.4b[{quarter}]",
                    acc = inout(vreg) *acc,
                    w = in(vreg) w.0,
                    x = in(vreg) *x,
                    quarter = const Q,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
        }
    }
}
