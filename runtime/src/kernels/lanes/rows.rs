//! Rows of inputs, converted to the form that products read.

use super::multiply::{CHUNK, Multiply};
use super::packing::load;
use super::product::Source;
use super::vector::Vector;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{rows, rows_mut, tail};

/// Rows of `k` inputs as one line.
pub(super) struct Rows<'a> {
    converted: &'a [[i8; CHUNK]],
    /// Chunks of a row.
    row: usize,
    /// Number of rows.
    count: usize,
}

impl<'a> Rows<'a> {
    /// Converts as many rows as `room` has place for.
    #[inline]
    pub(super) fn new<M: Multiply>(x: &[i8], k: usize, room: &'a mut [[i8; CHUNK]]) -> Self {
        let row = k.div_ceil(M::INPUTS);
        let mut count = 0;
        for (x, places) in rows(x, k).zip(rows_mut(room, row)) {
            convert::<M>(x, places);
            count += 1;
        }
        Self { converted: room, row, count }
    }
}

/// Converts inputs, and zeros up to a whole chunk.
#[inline]
pub(super) fn convert<M: Multiply>(x: &[i8], places: &mut [[i8; CHUNK]]) {
    for (x, place) in x.chunks(M::INPUTS).zip(places) {
        M::convert(load::<M>(x)).store(place);
    }
}

impl Source for Rows<'_> {
    fn width(&self) -> usize {
        self.count
    }

    #[inline]
    fn start(&mut self, _: usize) {}

    #[inline]
    fn rows<const R: usize>(&self, first: usize) -> impl AsRef<[TileRows<'_, CHUNK, R>]> {
        let all = bytemuck::cast_slice(tail(self.converted, first * self.row).as_flattened());
        let bytes = self.row * CHUNK;
        [TileRows::new(all, (bytes, bytes), self.count - first)]
    }
}
