//! NEON without dot products: three instructions for sixteen products.

use super::instructions::{
    vdupq_n_s8, vdupq_n_s32, veorq_s8, vget_low_s8, vmlsl_high_s8, vmovl_high_s8, vmull_s8,
    vpadalq_s16,
};
use super::vector::Neon;
use crate::kernels::lanes::multiply::{Block, CHANNELS, CHUNK, Multiply, runs};
use crate::kernels::lanes::{self, vector::Vector};
use crate::kernels::set::Kernels;
use crate::kernels::tile_rows::TileRows;
use core::arch::aarch64::vld1q_s8;

/// The NEON set.
pub(super) static KERNELS: Kernels = lanes::set::<Halves<true>>("neon");

/// Rows and channels whose sums are in registers together.
const TILE: usize = 4;

/// Products of the lower and of the upper eight inputs of a chunk, added as i16.
///
/// The sum of two products of −128 · −128 does not fit i16. Therefore the upper inputs are complemented, and their
/// products are subtracted: `a · v − !b · w = a · v + b · w + w`. Each product is between −16,256 and 16,384, so that
/// a difference of two fits.
///
/// If `CONVERTED`, the inputs in memory are complemented, otherwise those in registers.
struct Halves<const CONVERTED: bool>;

impl<const CONVERTED: bool> Multiply for Halves<CONVERTED> {
    type V = Neon;
    const INPUTS: usize = 16;
    const PERIOD: usize = if CONVERTED { 16 } else { 1 };
    type Unaligned = Halves<false>;
    /// Exponentials are multiplied as i8.
    const EXPONENTIAL_OFFSET: i32 = 128;

    #[inline]
    fn convert(x: Neon) -> Neon {
        if CONVERTED { complement_upper(x) } else { x }
    }

    #[inline]
    fn store_exponentials(e: Neon, upper: bool, out: &mut [i8]) {
        if let Some(out) = out.first_chunk_mut() {
            let complement = vdupq_n_s8(-i8::from(upper && CONVERTED));
            Neon(veorq_s8(e.less_128().0, complement)).store_half(out);
        }
    }

    #[inline]
    fn arrange(rows: [Neon; CHANNELS]) -> [Neon; CHANNELS] {
        rows
    }

    #[inline]
    fn excess(sums: Neon, row: Neon) -> Neon {
        vpadalq_s16(sums.i32(), vmovl_high_s8(row.0)).into()
    }

    #[inline]
    fn accumulate<const R: usize>(
        sums: &mut [[Neon; 2]; R],
        x: &[TileRows<'_, CHUNK, R>],
        weights: &[Block],
    ) {
        for (group, sums) in sums.as_chunks_mut().0.iter_mut().enumerate() {
            tile::<CONVERTED, R>(sums, group, x, weights);
        }
    }
}

/// Complements the upper eight bytes.
#[inline]
fn complement_upper(x: Neon) -> Neon {
    let upper = Neon::load(&[0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1]);
    Neon(veorq_s8(x.0, upper.0))
}

/// Adds the products of a group of four rows to their sums.
///
/// Not inlined, so that the sums stay in registers.
#[inline(never)]
fn tile<const CONVERTED: bool, const R: usize>(
    sums: &mut [[Neon; 2]; TILE],
    group: usize,
    x: &[TileRows<'_, CHUNK, R>],
    weights: &[Block],
) {
    for half in 0..2 {
        let mut acc = [[vdupq_n_s32(0); TILE]; TILE];
        for (x, weights) in runs(x, weights) {
            let Some(rows) = x.rows.as_chunks::<TILE>().0.get(group) else { return };
            for (at, block) in weights.iter().enumerate() {
                let Some(channels) = block.as_chunks::<TILE>().0.get(half) else { return };
                let w = channels.each_ref().map(Neon::load);
                // SAFETY: the rows have a chunk for each block, because `runs` gives no more blocks.
                let x = rows.map(|row| unsafe { vld1q_s8(row.wrapping_add(at).cast()) });
                let x = if CONVERTED { x } else { x.map(|x| complement_upper(Neon(x)).0) };
                for (acc, x) in acc.iter_mut().zip(x) {
                    for (acc, w) in acc.iter_mut().zip(w) {
                        let lower = vmull_s8(vget_low_s8(x), vget_low_s8(w.0));
                        *acc = vpadalq_s16(*acc, vmlsl_high_s8(lower, x, w.0));
                    }
                }
            }
        }
        for (sums, acc) in sums.iter_mut().zip(acc) {
            if let Some(sum) = sums.get_mut(half) {
                *sum = sum.add32(Neon::totals32(acc.map(Neon::from)));
            }
        }
    }
}
