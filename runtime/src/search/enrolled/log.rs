//! The log in flash. Cells are appended to one half. When it is full, the present entries are copied to the other.

use super::cell::{Buffer, Cell, Header};
use super::kind::Kind;
use super::layout::Layout;
use crate::invariant::present_or;
use embedded_storage::nor_flash::NorFlash;

/// What an erased flash reads.
const BLANK: u8 = 0xFF;

/// The flash, and how many of its cells are written.
#[derive(Debug)]
pub(super) struct Log<F> {
    pub(super) flash: F,
    pub(super) layout: Layout,
    pub(super) kind: Kind,
    /// Grows by one with each copy. Its lowest bit is the number of the half that is read. 0 if no half is read.
    pub(super) generation: u32,
    /// Cells of that half that are not blank.
    pub(super) used: u16,
    buffer: Buffer,
}

impl<F: NorFlash> Log<F> {
    /// A log that has read nothing.
    pub(super) const fn new(flash: F, layout: Layout, kind: Kind) -> Self {
        let buffer = Buffer([0; _]);
        Self { flash, layout, kind, generation: 0, used: 0, buffer }
    }

    /// The header with the larger generation; `None` if neither half has a valid header.
    pub(super) fn header(&mut self) -> Result<Option<Header>, F::Error> {
        let mut newest: Option<Header> = None;
        for half in 0..2 {
            let address = self.layout.half(half).start;
            let bytes = piece(&mut self.buffer, self.layout.header_len());
            self.flash.read(address, bytes)?;
            let header = Header::read(bytes)
                .filter(|header| header.generation != 0 && header.generation & 1 == half);
            if newest.is_none_or(|other| {
                header.is_some_and(|header| header.generation > other.generation)
            }) {
                newest = header;
            }
        }
        Ok(newest)
    }

    /// Checks every cell of the half that is read, and calls `each` with the valid ones in the order in which
    /// they were written. Sets `used`.
    pub(super) fn scan(&mut self, mut each: impl FnMut(u16, &Cell<'_>)) -> Result<(), F::Error> {
        self.used = 0;
        for index in 0..self.layout.cells {
            let bytes = self.bytes(index)?;
            let blank = bytes.iter().all(|&byte| byte == BLANK);
            let bytes = piece(&mut self.buffer, self.layout.cell_len());
            if !blank {
                self.used = index + 1;
            }
            // A cell that a power cut left incomplete is skipped.
            if let Some(cell) = Cell::check(bytes, &self.kind) {
                each(index, &cell);
            }
        }
        Ok(())
    }

    /// Reads a cell that [`Self::scan`] found valid or that was written later.
    pub(super) fn read(&mut self, index: u16) -> Result<Option<Cell<'_>>, F::Error> {
        self.bytes(index)?;
        let Self { buffer, layout, kind, .. } = self;
        Ok(Cell::read(piece(buffer, layout.cell_len()), kind))
    }

    /// Whether there is no room for another cell.
    pub(super) const fn is_full(&self) -> bool {
        self.generation == 0 || self.used == self.layout.cells
    }

    /// Writes the next cell and returns its index. If the flash reports an error, the next call takes the cell
    /// after it.
    pub(super) fn append(&mut self, cell: &Cell<'_>) -> Result<u16, F::Error> {
        let index = self.used;
        self.used += 1;
        let Self { flash, layout, buffer, kind, .. } = self;
        let bytes = piece(buffer, layout.cell_len());
        present_or(cell.write(kind, bytes), ());
        flash.write(layout.cell(self.generation, index), bytes)?;
        Ok(index)
    }

    /// Erases the half that is not read.
    pub(super) fn erase_other(&mut self) -> Result<(), F::Error> {
        let half = self.layout.half(self.generation.wrapping_add(1));
        self.flash.erase(half.start, half.end)
    }

    /// Copies a cell of the half that is read to the other.
    pub(super) fn copy(&mut self, from: u16, to: u16) -> Result<(), F::Error> {
        self.bytes(from)?;
        let Self { flash, layout, buffer, .. } = self;
        flash.write(
            layout.cell(self.generation.wrapping_add(1), to),
            piece(buffer, layout.cell_len()),
        )
    }

    /// Writes the header of the other half, which holds `used` cells. From then on, that half is read.
    pub(super) fn commit(&mut self, used: u16) -> Result<(), F::Error> {
        let Self { flash, layout, buffer, kind, .. } = self;
        let generation = self.generation.wrapping_add(1);
        let bytes = piece(buffer, layout.header_len());
        bytes.fill(0);
        present_or(Header::write(kind, generation, bytes), ());
        flash.write(layout.half(generation).start, bytes)?;
        (self.generation, self.used) = (generation, used);
        Ok(())
    }

    /// The bytes of a cell of the half that is read.
    fn bytes(&mut self, index: u16) -> Result<&[u8], F::Error> {
        let Self { flash, layout, buffer, .. } = self;
        let bytes = piece(buffer, layout.cell_len());
        flash.read(layout.cell(self.generation, index), bytes)?;
        Ok(bytes)
    }
}

/// The first `len` bytes of the buffer, which is long enough for every header and cell.
fn piece(buffer: &mut Buffer, len: usize) -> &mut [u8] {
    present_or(buffer.0.get_mut(..len), &mut [])
}
