//! Products with `i32x4.dot_i16x8_s` on values that are widened to i16. It adds two products of at most `2^14`
//! and cannot overflow.

use super::vector::Simd128;
use crate::kernels::lanes::multiply::{Block, CHANNELS, CHUNK, Multiply, runs};
use crate::kernels::lanes::vector::Vector;
use crate::kernels::tile_rows::TileRows;
use core::arch::wasm32::*;

/// Rows whose sums are in registers together. More of them would not fit the sixteen registers of x86.
const ROWS: usize = 4;

/// Products of pairs of inputs.
pub(super) struct Dot;

impl Multiply for Dot {
    type V = Simd128;
    const INPUTS: usize = 8;
    const PERIOD: usize = 1;
    type Unaligned = Self;
    const EXPONENTIAL_OFFSET: i32 = 0;

    #[inline]
    fn convert(x: Simd128) -> Simd128 {
        let [lower, _] = x.widen8();
        lower
    }

    #[inline]
    fn store_exponentials(e: Simd128, _: bool, out: &mut [i8]) {
        if let Some(out) = out.first_chunk_mut() {
            e.store(out);
        }
    }

    /// Two channels of each pair of inputs lie side by side: for every pair, four channels and then four more.
    #[inline]
    fn arrange(rows: [Simd128; CHANNELS]) -> [Simd128; CHANNELS] {
        let [a, b, c, d, e, f, g, h] = rows.map(Self::convert);
        let four = |a: Simd128, b: Simd128, c: Simd128, d: Simd128| {
            let ([ab, ab2], [cd, cd2]) = (a.zip32(b), c.zip32(d));
            let ([first, second], [third, fourth]) = (ab.zip64(cd), ab2.zip64(cd2));
            [first, second, third, fourth]
        };
        let ([a, b, c, d], [e, f, g, h]) = (four(a, b, c, d), four(e, f, g, h));
        [a, e, b, f, c, g, d, h]
    }

    #[inline]
    fn accumulate<const R: usize>(
        sums: &mut [[Simd128; 2]; R],
        x: &[TileRows<'_, CHUNK, R>],
        weights: &[Block],
    ) {
        for (x, weights) in runs(x, weights) {
            for (sums, rows) in sums.as_chunks_mut().0.iter_mut().zip(x.rows.as_chunks().0) {
                // SAFETY: the rows have a chunk for each block, because `runs` gives no more blocks.
                unsafe { four(sums, rows, weights) };
            }
        }
    }
}

/// Adds the products of four rows to their sums.
///
/// Not inlined, so that the sums stay in registers. The loop over pairs is not written out: engines then load several
/// pairs early, for which x86 has too few registers.
///
/// # Safety
/// The rows must have a chunk for each block of weights.
#[inline(never)]
unsafe fn four(
    sums: &mut [[Simd128; 2]; ROWS],
    rows: &[*const [u8; CHUNK]; ROWS],
    weights: &[Block],
) {
    let mut acc = *sums;
    for (at, block) in weights.iter().enumerate() {
        for (pair, weights) in block.as_chunks::<2>().0.iter().enumerate() {
            let [w0, w1] = weights.each_ref().map(Simd128::load);
            for (acc, row) in acc.iter_mut().zip(rows) {
                let place = row.wrapping_add(at).cast::<u32>().wrapping_add(pair);
                // SAFETY: the caller promises this chunk, which has four pairs. The load has no alignment.
                let x = unsafe { v128_load32_splat(place) };
                for (acc, w) in acc.iter_mut().zip([w0, w1]) {
                    *acc = Simd128(i32x4_add(acc.0, i32x4_dot_i16x8(x, w.0)));
                }
            }
        }
    }
    *sums = acc;
}
