//! Four rows of i8 values, widened and interleaved for [`product::four_rows`](super::product).

use super::instructions::{sxtb16, sxtb16_odd, word};
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
    /// Most values of a row.
    pub(super) const MAX: usize = 4 * GROUPS;

    /// No values yet. Nothing is written: clearing it would cost more than a small layer.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { groups: [MaybeUninit::uninit(); GROUPS] }
    }

    /// Widens `k` values from each start in `rows`, zeros after them; returns the groups.
    ///
    /// # Safety
    /// `k` must be at most [`Self::MAX`], and each pointer must be followed by `k` readable values.
    #[inline(never)]
    pub(super) unsafe fn fill(&mut self, rows: [*const i8; ROWS], k: usize) -> &[Group] {
        let groups = k.div_ceil(4).min(GROUPS);
        let full = k / 4;
        for (at, group) in self.groups.iter_mut().take(groups).enumerate() {
            let read = |row: *const i8| {
                // SAFETY: a group that is not full has `k % 4` values left.
                unsafe {
                    let place = row.add(4 * at);
                    if at < full { word(place) } else { part_of_word(place, k % 4) }
                }
            };
            let [a, b, c, d] = rows.map(read);
            group.write([
                sxtb16(a),
                sxtb16(b),
                sxtb16(c),
                sxtb16(d),
                sxtb16_odd(a),
                sxtb16_odd(b),
                sxtb16_odd(c),
                sxtb16_odd(d),
            ]);
        }
        // SAFETY: that many groups were written.
        unsafe { core::slice::from_raw_parts(self.groups.as_ptr().cast(), groups) }
    }
}

/// Up to three bytes as a word, zeros above.
///
/// # Safety
/// `bytes` must point to `len` readable bytes.
pub(super) unsafe fn part_of_word(bytes: *const i8, len: usize) -> u32 {
    (0..len.min(4)).fold(0, |word, at| {
        // SAFETY: the caller's promise.
        let byte = unsafe { bytes.add(at).read() };
        word | u32::from(byte.cast_unsigned()) << (8 * at)
    })
}
