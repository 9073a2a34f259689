//! The innermost loop: products of a few rows with sixteen channels, with the accumulators in registers.

use super::multiply::Multiply;
use super::packing::Group;
use core::arch::x86_64::*;
use core::marker::PhantomData;

/// Maximum number of rows whose accumulators are in registers together. With two vectors of weights, one of
/// inputs and one of products, these are all sixteen registers.
pub(super) const ROWS: usize = 6;
/// Number of rows of a tile with few rows. Fewer rows than these are filled up.
pub(super) const FEW_ROWS: usize = 4;

/// `R` rows of converted inputs, a group of four bytes at a time; all have the same length.
#[derive(Clone, Copy)]
pub(super) struct Groups<'a, const R: usize> {
    rows: [*const [u8; 4]; R],
    len: usize,
    lifetime: PhantomData<&'a [u8]>,
}

impl<'a, const R: usize> Groups<'a, R> {
    /// Rows of `len` bytes, a multiple of four. Each begins `stride` bytes after the one before. The first
    /// `count` rows lie within `all`. The last of these rows takes the place of the missing rows.
    #[inline]
    pub(super) fn new(all: &'a [u8], (len, stride): (usize, usize), count: usize) -> Self {
        let last = count.saturating_sub(1).min(R - 1);
        let inside = count > 0 && last * stride + len <= all.len();
        let first = all.as_ptr();
        let row = |row: usize| first.wrapping_add(row.min(last) * stride).cast();
        Self {
            rows: core::array::from_fn(row),
            len: if inside { len / 4 } else { 0 },
            lifetime: PhantomData,
        }
    }
}

/// `acc + Σ x · w` over groups, modulo `2^32`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn accumulate<M: Multiply, const R: usize>(
    mut acc: [[__m256i; 2]; R],
    x: Groups<'_, R>,
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
