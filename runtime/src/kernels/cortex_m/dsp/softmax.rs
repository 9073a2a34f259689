//! Exponentials of four rows of scores, in place.

use super::super::instructions::uadd16;
use super::wide::{Group, ROWS};
use crate::fixed::Octaves;
use core::arch::asm;
use core::mem::MaybeUninit;

/// [`exp2_neg`](crate::fixed::exp2_neg) of the distance of a score to the highest, in its register.
///
/// Octaves are clamped to 15 bits. That suffices, since from 9 octaves on the last product rounds to
/// 0, as it does at the clamp of [`Octaves`]. The fraction has 15 bits and is moved to the upper half.
/// Products are doubled, so that the upper word of a product is a shift by 15.
macro_rules! exp2_neg {
    ($x:literal) => {
        concat!(
            "sub {",
            $x,
            "}, {highest}, {",
            $x,
            "}\n",
            "lsl {",
            $x,
            "}, {",
            $x,
            "}, {left}\n",
            "smmul {",
            $x,
            "}, {",
            $x,
            "}, {mult}\n",
            "usat {",
            $x,
            "}, #15, {",
            $x,
            "}\n",
            "lsl {f}, {",
            $x,
            "}, #21\n",
            "lsr {f}, {f}, #1\n",
            "lsr {",
            $x,
            "}, {",
            $x,
            "}, #11\n",
            "smmlar {p}, {cubic}, {f}, {square}\n",
            "lsl {p}, {p}, #1\n",
            "smmlar {p}, {p}, {f}, {linear}\n",
            "lsl {p}, {p}, #1\n",
            "smmulr {p}, {p}, {f}\n",
            "add {p}, {p}, #32640\n",
            "mov {f}, #0x2000000\n",
            "lsr {f}, {f}, {",
            $x,
            "}\n",
            "smmulr {",
            $x,
            "}, {p}, {f}",
        )
    };
}

/// From distances between scores to exponentials: [`Octaves`] as one multiplication.
#[derive(Clone, Copy)]
pub(super) struct Distance {
    left: u32,
    mult: i32,
    far: i32,
}

impl Distance {
    /// `None` for multipliers outside `2^15 .. 2^24`.
    ///
    /// # Ranges and overflow
    /// `mult << j` is in `2^30 .. 2^31` and a distance, below `2^22`, is shifted by `15 − j ≤ 9`:
    /// the upper word of their product is `(d · mult) >> 17`, which [`Octaves::apply`] gives before
    /// its last clamp.
    pub(super) fn new(octaves: Octaves) -> Option<Self> {
        let mult = octaves.mult();
        let normalise = mult.leading_zeros().checked_sub(1)?;
        let left = 15u32.checked_sub(normalise)?;
        if left > 9 {
            return None;
        }
        // At most four times 18 431.
        let far = octaves.limit().cast_signed() + 1;
        Some(Self { left, mult: (mult << normalise).cast_signed(), far })
    }

    /// A distance at which the exponential is 0.
    pub(super) fn far(self) -> i32 {
        self.far
    }

    /// The exponentials of four scores, each `ROWS` words after the one before. The first word has those of
    /// the first and third score in its halves, the second word those of the second and fourth.
    ///
    /// In assembly, because a compiler interleaves four exponentials and runs out of registers.
    ///
    /// # Safety
    /// `scores` must point to `3 · ROWS + 1` readable words.
    #[inline(always)]
    unsafe fn group(self, scores: *const i32, highest: i32) -> (u32, u32) {
        let (even, odd);
        // SAFETY: reads four words that the caller promised, and registers otherwise; this module is
        // built only for processors that have the instructions.
        unsafe {
            asm!(
                "ldr {even}, [{scores}]",
                exp2_neg!("even"),
                "ldr {x}, [{scores}, #{ROW} * 2]",
                exp2_neg!("x"),
                "pkhbt {even}, {even}, {x}, lsl #16",
                "ldr {odd}, [{scores}, #{ROW}]",
                exp2_neg!("odd"),
                "ldr {x}, [{scores}, #{ROW} * 3]",
                exp2_neg!("x"),
                "pkhbt {odd}, {odd}, {x}, lsl #16",
                scores = in(reg) scores,
                highest = in(reg) highest,
                left = in(reg) self.left,
                mult = in(reg) self.mult,
                cubic = in(reg) 2 * -1_327,
                square = in(reg) 7_592,
                linear = in(reg) -22_588,
                even = out(reg) even,
                odd = out(reg) odd,
                x = out(reg) _,
                f = out(reg) _,
                p = out(reg) _,
                ROW = const ROWS * size_of::<i32>(),
                options(pure, readonly, nostack)
            );
        }
        (even, odd)
    }

    /// Replaces `4 · groups` scores of four rows by their exponentials, as groups of widened rows.
    ///
    /// Also returns each row's sum.
    ///
    /// # Safety
    /// `4 · groups` scores must be written.
    pub(super) unsafe fn softmax(
        self,
        scores: &mut [MaybeUninit<[i32; ROWS]>],
        groups: usize,
        highest: [i32; ROWS],
    ) -> (&[Group], [u32; ROWS]) {
        let words = scores.as_mut_ptr().cast::<i32>();
        let mut totals = [0; ROWS];
        for (row, (highest, total)) in highest.into_iter().zip(&mut totals).enumerate() {
            // SAFETY: the caller's promise.
            *total = unsafe { self.row(words.wrapping_add(row), groups, highest) };
        }
        // SAFETY: that many groups of eight words were written.
        (unsafe { core::slice::from_raw_parts(words.cast(), groups) }, totals)
    }

    /// [`softmax`](Self::softmax) of one row, which is every `ROWS`th word from `scores` on. Returns the
    /// sum of the row.
    ///
    /// # Safety
    /// As [`softmax`](Self::softmax).
    #[inline(never)]
    unsafe fn row(self, scores: *mut i32, groups: usize, highest: i32) -> u32 {
        let (mut from, mut to) = (scores, scores.cast::<u32>());
        // Each half sums every second of at most 144 exponentials, each at most 255, and stays below 2^15.
        let mut halves = 0;
        for _ in 0..groups {
            // SAFETY: `from` stays below `16 · groups` words. `to` never overtakes it: the words that are
            // written hold scores of this row that were already read.
            let (even, odd) = unsafe { self.group(from, highest) };
            halves = uadd16(uadd16(halves, even), odd);
            // SAFETY: as above.
            unsafe { to.write(even) };
            // SAFETY: as above.
            unsafe { to.add(ROWS).write(odd) };
            from = from.wrapping_add(4 * ROWS);
            to = to.wrapping_add(2 * ROWS);
        }
        (halves & 0xFFFF) + (halves >> 16)
    }
}
