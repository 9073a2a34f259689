//! The units in which matrices are multiplied.

use std::arch::x86_64::*;

/// Rows or columns of a tile.
pub(super) const LANES: usize = 16;
/// Positions of the inner dimension in a tile.
pub(super) const DEPTH: usize = 32;
/// Rows and columns of the part of the output that a kernel computes at once.
pub(in crate::kernels) const BLOCK: usize = 2 * LANES;

/// A part of the output.
#[repr(align(64))]
pub(super) struct Block(pub(super) [f32; BLOCK * BLOCK]);

/// 16 lines of 16 pairs.
///
/// In tiles of a first factor, a line is a row, and its pairs are neighbours in the inner dimension. In tiles of a
/// second factor, a line is such a pair of positions, and it has one pair of values for each of 16 columns.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Tile(pub(super) [[u32; LANES]; LANES]);

impl Tile {
    pub(super) const ZERO: Self = Self([[0; LANES]; LANES]);

    /// The 16 pairs of a line.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn line(&self, line: usize) -> __m512i {
        let line = &self.0[line];
        // SAFETY: a line has 64 bytes.
        unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
    }

    /// One pair.
    #[inline]
    pub(super) const fn pair(&self, line: usize, pair: usize) -> i32 {
        self.0[line][pair].cast_signed()
    }
}
