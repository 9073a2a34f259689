//! NEON with products of matrices: `smmla` multiplies two rows of eight inputs with two channels.

use super::instructions::{vreinterpretq_s8_s64, vreinterpretq_s64_s8, vzip1q_s64, vzip2q_s64};
use super::vector::Neon;
use crate::kernels::lanes::multiply::{Block, CHANNELS, CHUNK, Multiply, runs};
use crate::kernels::lanes::{self, vector::Vector};
use crate::kernels::set::Kernels;
use crate::kernels::tile_rows::TileRows;
use core::arch::aarch64::{int8x16_t, int32x4_t, vld1q_s8};
use core::arch::asm;

/// The matrix product set.
pub(super) static KERNELS: Kernels = lanes::set::<Matrices>("i8mm");

/// Products of matrices of two rows and eight inputs.
struct Matrices;

impl Multiply for Matrices {
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

    /// The lower eight inputs of each pair of channels, then the upper ones.
    #[inline]
    fn arrange([a, b, c, d, e, f, g, h]: [Neon; CHANNELS]) -> [Neon; CHANNELS] {
        let ([ab, ab2], [cd, cd2]) = (halves([a, b]), halves([c, d]));
        let ([ef, ef2], [gh, gh2]) = (halves([e, f]), halves([g, h]));
        [ab, cd, ef, gh, ab2, cd2, ef2, gh2]
    }

    #[inline]
    fn accumulate<const R: usize>(
        sums: &mut [[Neon; 2]; R],
        x: &[TileRows<'_, CHUNK, R>],
        weights: &[Block],
    ) {
        const { assert!(R == 4 || R == 8, "tiles have four or eight rows") };
        if R == 4 {
            // SAFETY: `sets` returns this set only if the processor has products of matrices.
            unsafe { tile::<R, 2>(sums, x, weights) };
        } else {
            // SAFETY: `sets` returns this set only if the processor has products of matrices.
            unsafe { tile::<R, 4>(sums, x, weights) };
        }
    }
}

/// The lower halves of two vectors side by side, and the upper ones.
#[inline]
fn halves([a, b]: [Neon; 2]) -> [Neon; 2] {
    let (a, b) = (vreinterpretq_s64_s8(a.0), vreinterpretq_s64_s8(b.0));
    [vzip1q_s64(a, b), vzip2q_s64(a, b)].map(|half| Neon(vreinterpretq_s8_s64(half)))
}

/// Adds the products of rows to their sums, as `PAIRS` pairs of rows.
#[target_feature(enable = "neon,i8mm")]
fn tile<const R: usize, const PAIRS: usize>(
    sums: &mut [[Neon; 2]; R],
    x: &[TileRows<'_, CHUNK, R>],
    weights: &[Block],
) {
    // Of two rows and two channels: the sums of the first row, then those of the second.
    let mut acc = [[Neon::zero().i32(); 4]; PAIRS];
    let pairs = sums.as_chunks::<2>().0;
    for (acc, [[first, first2], [second, second2]]) in acc.iter_mut().zip(pairs) {
        let ([a, b], [c, d]) = (halves([*first, *second]), halves([*first2, *second2]));
        *acc = [a, b, c, d].map(Neon::i32);
    }
    for (x, weights) in runs(x, weights) {
        let rows = x.rows;
        for (at, block) in weights.iter().enumerate() {
            let mut x = [[Neon::zero(); 2]; PAIRS];
            for (x, rows) in x.iter_mut().zip(rows.as_chunks::<2>().0) {
                // SAFETY: the rows have a chunk for each block, because `runs` gives no more blocks.
                *x = halves(rows.map(|row| Neon(unsafe { vld1q_s8(row.wrapping_add(at).cast()) })));
            }
            let [a, b, c, d, e, f, g, h] = block;
            multiply(&mut acc, x.map(|[lower, _]| lower.0), [a, b, c, d]);
            multiply(&mut acc, x.map(|[_, upper]| upper.0), [e, f, g, h]);
        }
    }
    for (sums, [a, b, c, d]) in sums.as_chunks_mut::<2>().0.iter_mut().zip(acc) {
        let ([first, second], [first2, second2]) =
            (halves([a.into(), b.into()]), halves([c.into(), d.into()]));
        *sums = [[first, first2], [second, second2]];
    }
}

/// Adds the products of eight inputs of each row.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn multiply<const PAIRS: usize>(
    acc: &mut [[int32x4_t; 4]; PAIRS],
    x: [int8x16_t; PAIRS],
    weights: [&[i8; CHUNK]; 4],
) {
    let weights = weights.map(Neon::load);
    for (acc, x) in acc.iter_mut().zip(x) {
        for (acc, w) in acc.iter_mut().zip(weights) {
            // The intrinsic is not stable.
            // SAFETY: the instruction reads and writes only these registers. The features of this function
            // include it.
            unsafe {
                asm!(
                    "smmla {acc:v}.4s, {x:v}.16b, {w:v}.16b",
                    acc = inout(vreg) *acc,
                    x = in(vreg) x,
                    w = in(vreg) w.0,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
        }
    }
}
