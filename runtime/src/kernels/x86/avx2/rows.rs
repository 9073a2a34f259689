//! Rows of inputs, converted to the form that products read.

use super::multiply::{COLUMN, Multiply, convert};
use super::packing::MAX_K;
use super::product::Source;
use crate::kernels::tile_rows::TileRows;
use crate::rows::rows;
use core::mem::MaybeUninit;

/// Bytes for converted rows.
const BYTES: usize = 1 << 16;
/// Bytes that a conversion may write after the last row.
const BEYOND: usize = 2 * COLUMN;

const _: () = assert!(BYTES > 16 * 2 * MAX_K, "many rows of any layer");

/// Memory for converted rows.
#[repr(align(32))]
pub(super) struct Room([MaybeUninit<u8>; BYTES + BEYOND]);

impl Room {
    pub(super) const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; BYTES + BEYOND])
    }
}

/// Rows of `k` inputs, at most [`MAX_K`], as one line.
pub(super) struct Rows<'a> {
    converted: &'a [u8],
    /// Bytes of a row.
    row: usize,
    /// Number of rows.
    count: usize,
}

/// Number of rows of `k` inputs that [`Rows`] takes, at least 1.
pub(super) const fn capacity<M: Multiply>(k: usize) -> usize {
    BYTES / row_bytes::<M>(k)
}

const fn row_bytes<M: Multiply>(k: usize) -> usize {
    let len = (k * M::BYTES).next_multiple_of(4);
    if len == 0 { 4 } else { len }
}

impl<'a> Rows<'a> {
    /// Converts up to [`capacity`] rows.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new<M: Multiply>(x: &[i8], k: usize, room: &'a mut Room) -> Self {
        let row = row_bytes::<M>(k);
        let first = room.0.as_mut_ptr().cast::<u8>();
        let mut count = 0;
        if row == k * M::BYTES {
            // Rows follow one another.
            let x = x.get(..capacity::<M>(k) * k).unwrap_or(x);
            // SAFETY: the room has a column more than these inputs.
            unsafe { convert::<M>(x, first) };
            count = x.len() / k.max(1);
        } else {
            // The bytes that are written after a row become those of the next row.
            for x in rows(x, k).take(capacity::<M>(k)) {
                // SAFETY: the room has a column more than all rows.
                unsafe { convert::<M>(x, first.wrapping_add(count * row)) };
                count += 1;
            }
        }
        // SAFETY: `convert` wrote these bytes: whole columns from the start of each row.
        let converted = unsafe { core::slice::from_raw_parts(first, count * row) };
        Self { converted, row, count }
    }
}

impl Source for Rows<'_> {
    fn width(&self) -> usize {
        self.count
    }

    #[inline]
    unsafe fn start(&mut self, _: usize) {}

    #[inline]
    fn rows<const R: usize>(&self, first: usize, _: usize) -> TileRows<'_, 4, R> {
        let all = crate::rows::tail(self.converted, first * self.row);
        TileRows::new(all, (self.row, self.row), self.width() - first)
    }
}
