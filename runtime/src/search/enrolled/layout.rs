//! Where header and cells lie in a region.

use super::cell::{CELL_OVERHEAD, HEADER_LEN, MAX_WORD};
use super::kind::Kind;
use crate::format::MAX_PART;
use core::ops::Range;
use embedded_storage::nor_flash::NorFlash;

/// A region of two halves. Only one of them is read at a time. A half has a header and cells of equal length,
/// one cell for each change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    start: u32,
    half_len: u32,
    header_len: u32,
    cell_len: u32,
    /// Number of cells in each half.
    pub(super) cells: u16,
}

impl Layout {
    /// `None` if the region or the kind does not suit.
    pub(super) fn of<F: NorFlash>(
        range: &Range<u32>,
        capacity: usize,
        kind: &Kind,
    ) -> Option<Self> {
        let [word, page] = [F::WRITE_SIZE.max(F::READ_SIZE), F::ERASE_SIZE];
        let multiple = |of| word.checked_rem(of) == Some(0);
        let valid = |len| (1..=MAX_PART).contains(&len);
        if word > MAX_WORD || !multiple(F::WRITE_SIZE) || !multiple(F::READ_SIZE) {
            return None;
        }
        if !kind.lengths.into_iter().all(valid) || range.end as usize > capacity {
            return None;
        }
        let [class, appearance] = kind.lengths;
        let rounded = |len: usize| u32::try_from(len.checked_next_multiple_of(word)?).ok();
        let cell_len = rounded(CELL_OVERHEAD + class + appearance)?;
        let header_len = rounded(HEADER_LEN)?;
        let page = u32::try_from(page).ok()?;
        let half_len = range.end.checked_sub(range.start)? / 2;
        let whole = |len: u32| len.checked_rem(page) == Some(0);
        if !whole(range.start) || !whole(half_len) || range.end - range.start != 2 * half_len {
            return None;
        }
        let cells = half_len.checked_sub(header_len)?.checked_div(cell_len)?;
        let cells = u16::try_from(cells).unwrap_or(u16::MAX).min(u16::MAX - 1);
        (cells > 1).then_some(Self { start: range.start, half_len, header_len, cell_len, cells })
    }

    /// Maximum number of entries. It leaves one cell free, so that an entry can be replaced even then.
    pub(super) const fn max_entries(&self) -> usize {
        self.cells as usize - 1
    }

    /// Length of a cell.
    pub(super) const fn cell_len(&self) -> usize {
        self.cell_len as usize
    }

    /// Length of a header.
    pub(super) const fn header_len(&self) -> usize {
        self.header_len as usize
    }

    /// The half of a generation.
    pub(super) const fn half(&self, generation: u32) -> Range<u32> {
        let start = self.start + (generation & 1) * self.half_len;
        start..start + self.half_len
    }

    /// The address of a cell.
    pub(super) fn cell(&self, generation: u32, index: u16) -> u32 {
        self.half(generation).start + self.header_len + u32::from(index) * self.cell_len
    }
}
