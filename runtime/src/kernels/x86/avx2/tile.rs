//! The innermost loop: products of a few rows with sixteen channels, with the accumulators in registers.

use super::multiply::Multiply;
use super::packing::Group;
use crate::kernels::tile_rows::TileRows;
use core::arch::x86_64::*;

/// Maximum number of rows whose accumulators are in registers together. With two vectors of weights, one of
/// inputs and one of products, these are all sixteen registers.
pub(super) const ROWS: usize = 6;
/// Number of rows of a tile with few rows. Fewer rows than these are filled up.
pub(super) const FEW_ROWS: usize = 4;

/// `acc + Σ x · w` over groups, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn accumulate<M: Multiply, const R: usize>(
    mut acc: [[__m256i; 2]; R],
    x: TileRows<'_, 4, R>,
    weights: &[Group],
) -> [[__m256i; 2]; R] {
    for (at, weights) in weights.iter().take(x.len).enumerate() {
        let weights = weights.load();
        for (acc, row) in acc.iter_mut().zip(x.rows) {
            // SAFETY: `at < len`, and each row has `len` groups within the bytes that `new` borrowed.
            let four = unsafe { row.wrapping_add(at).read() };
            let x = _mm256_set1_epi32(i32::from_le_bytes(four));
            for (acc, w) in acc.iter_mut().zip(weights) {
                // SAFETY: `sets` returns a set only if the processor has its instructions.
                *acc = unsafe { M::multiply(*acc, x, w) };
            }
        }
    }
    acc
}
