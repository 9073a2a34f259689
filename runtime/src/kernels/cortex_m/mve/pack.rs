//! Four rows of i8 values, interleaved in groups of sixteen for [`product`](super::product).

use core::arch::asm;
use core::mem::MaybeUninit;

/// Rows that are multiplied together.
pub(super) const ROWS: usize = 4;
/// Values of a vector.
pub(super) const LANES: usize = 16;

/// Sixteen values of each row.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct Group([[i8; LANES]; ROWS]);

/// Up to `16 · GROUPS` values of each row.
pub(super) struct Packed<const GROUPS: usize> {
    groups: [MaybeUninit<Group>; GROUPS],
}

impl<const GROUPS: usize> Packed<GROUPS> {
    /// Maximum number of values of a row.
    pub(super) const MAX: usize = LANES * GROUPS;

    /// No values. Nothing is written, because clearing costs more than a small layer.
    pub(super) const fn new() -> Self {
        Self { groups: [MaybeUninit::uninit(); GROUPS] }
    }

    /// Where the first group goes.
    pub(super) fn as_mut_ptr(&mut self) -> *mut Group {
        self.groups.as_mut_ptr().cast()
    }

    /// The first `groups`.
    ///
    /// # Safety
    /// They must be written.
    pub(super) unsafe fn written(&self, groups: usize) -> &[Group] {
        // SAFETY: the caller's promise.
        unsafe { core::slice::from_raw_parts(self.groups.as_ptr().cast(), groups) }
    }

    /// Copies `k` values of each row. Returns the groups.
    ///
    /// If `k` is no multiple of sixteen, the first group is not full: its values are in the upper lanes,
    /// with zeros in the lower ones.
    ///
    /// # Safety
    /// `k` must be 1 to [`Self::MAX`], and each pointer must be followed by `k` readable values.
    #[inline(always)]
    pub(super) unsafe fn fill(&mut self, rows: [*const i8; ROWS], k: usize) -> &[Group] {
        // SAFETY: the caller's promise.
        unsafe {
            pack(&rows, self.as_mut_ptr(), k.div_ceil(LANES) - 1, mask(k));
            self.written(k.div_ceil(LANES))
        }
    }
}

/// Number of empty lanes in the first group of rows of `k` values: 0 to 15.
pub(super) const fn empty(k: usize) -> usize {
    k.wrapping_neg() % LANES
}

/// The lanes of the first group that hold values, as a predicate.
pub(super) const fn mask(k: usize) -> u32 {
    0xFFFF << empty(k)
}

/// Copies a first group under a mask, then `more` whole ones.
///
/// # Safety
/// As [`Packed::fill`], and `16 · more` values must follow those that the mask takes.
#[inline(never)]
unsafe fn pack(rows: &[*const i8; ROWS], to: *mut Group, more: usize, mask: u32) {
    let empty = mask.trailing_zeros() as usize;
    let [a, b, c, d] = rows.map(|row| row.wrapping_sub(empty));
    // SAFETY: reads what the caller promises, without the lanes that the mask leaves out. Writes `more + 1`
    // groups.
    unsafe {
        asm!(
            "vmsr p0, {mask}",
            "vpstttt",
            "vldrbt.u8 q0, [{a}], #16",
            "vldrbt.u8 q1, [{b}], #16",
            "vldrbt.u8 q2, [{c}], #16",
            "vldrbt.u8 q3, [{d}], #16",
            "vstrw.32 q0, [{to}], #16",
            "vstrw.32 q1, [{to}], #16",
            "vstrw.32 q2, [{to}], #16",
            "vstrw.32 q3, [{to}], #16",
            "wls lr, {more}, 3f",
            "2:",
            "vldrb.u8 q0, [{a}], #16",
            "vldrb.u8 q1, [{b}], #16",
            "vldrb.u8 q2, [{c}], #16",
            "vldrb.u8 q3, [{d}], #16",
            "vstrw.32 q0, [{to}], #16",
            "vstrw.32 q1, [{to}], #16",
            "vstrw.32 q2, [{to}], #16",
            "vstrw.32 q3, [{to}], #16",
            "le lr, 2b",
            "3:",
            a = inout(reg) a => _, b = inout(reg) b => _, c = inout(reg) c => _, d = inout(reg) d => _,
            to = inout(reg) to => _,
            more = in(reg) more,
            mask = in(reg) mask,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            options(nostack)
        );
    }
}
