//! Four rows of i8 values, widened and interleaved for [`product::four_rows`](super::product).

use super::super::instructions::{sxtb16, sxtb16_odd, word};
use core::mem::MaybeUninit;

/// Rows that are multiplied together.
pub(super) const ROWS: usize = 4;

/// Four values of each row: values 0 and 2 of every row as halves of a word, then 1 and 3.
pub(super) type Group = [u32; 2 * ROWS];

/// Up to `4 · GROUPS` values of each row.
pub(super) struct Wide<const GROUPS: usize> {
    groups: [MaybeUninit<Group>; GROUPS],
}

impl<const GROUPS: usize> Wide<GROUPS> {
    /// Maximum number of values of a row.
    pub(super) const MAX: usize = 4 * GROUPS;

    /// No values. Nothing is written, because clearing costs more than a small layer.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { groups: [MaybeUninit::uninit(); GROUPS] }
    }

    /// Widens `k` values of each row and fills up the last group with zeros. Returns the groups.
    ///
    /// # Safety
    /// `k` must be at most [`Self::MAX`], and each pointer must be followed by `k` readable values.
    #[inline(always)]
    pub(super) unsafe fn fill(&mut self, rows: [*const i8; ROWS], k: usize) -> &[Group] {
        // SAFETY: the caller's promise.
        unsafe { widen(&mut self.groups, rows, k) }
    }
}

/// [`Wide::fill`] for every size.
///
/// # Safety
/// As [`Wide::fill`]; `groups` must hold `k.div_ceil(4)`.
#[inline(never)]
unsafe fn widen(groups: &mut [MaybeUninit<Group>], rows: [*const i8; ROWS], k: usize) -> &[Group] {
    let len = k.div_ceil(4).min(groups.len());
    let [mut a, mut b, mut c, mut d] = rows;
    for (at, group) in groups.iter_mut().take(len).enumerate() {
        let left = k - 4 * at;
        // SAFETY: `left` values are left of each row.
        let [wa, wb, wc, wd] = unsafe {
            if left >= 4 {
                [word(a), word(b), word(c), word(d)]
            } else {
                let end = |row| row_end(row, left);
                [end(a), end(b), end(c), end(d)]
            }
        };
        group.write([
            sxtb16(wa),
            sxtb16(wb),
            sxtb16(wc),
            sxtb16(wd),
            sxtb16_odd(wa),
            sxtb16_odd(wb),
            sxtb16_odd(wc),
            sxtb16_odd(wd),
        ]);
        (a, b, c, d) = (a.wrapping_add(4), b.wrapping_add(4), c.wrapping_add(4), d.wrapping_add(4));
    }
    // SAFETY: that many groups were written.
    unsafe { core::slice::from_raw_parts(groups.as_ptr().cast(), len) }
}

/// The last `left < 4` values of a row as a word. Its upper bytes are zeros.
///
/// # Safety
/// `end` must point to `left` readable values.
#[cold]
#[inline(never)]
unsafe fn row_end(end: *const i8, left: usize) -> u32 {
    (0..left.min(3)).rev().fold(0, |word, at| {
        // SAFETY: the caller's promise.
        word << 8 | u32::from(unsafe { end.add(at).read() }.cast_unsigned())
    })
}
