//! Exponentials of four rows of scores, in place.

use super::super::instructions::{pkhbt, smlad, smmlar, smmul, smmulr, usat15};
use super::wide::{Group, ROWS};
use crate::fixed::Octaves;
use core::mem::MaybeUninit;

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

    /// [`exp2_neg`](crate::fixed::exp2_neg) of a distance in octaves.
    ///
    /// Octaves are clamped to 15 bits: from 9 octaves on the last product rounds to 0, as it does at
    /// the clamp of [`Octaves`].
    #[inline(always)]
    fn exp2_neg(self, distance: i32) -> u32 {
        let x = usat15(smmul(distance << self.left, self.mult));
        // The fraction, 15 bits, in the upper half; twice a factor makes a shift by 15 of one by 16.
        let f = ((x << 21) >> 1).cast_signed();
        let p = smmlar(2 * -1_327, f, 7_592);
        let p = smmlar(2 * p, f, -22_588);
        let p = smmlar(2 * p, f, 32_640);
        smmulr(p, (1 << 25) >> (x >> 11)).cast_unsigned()
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
        const ONES: u32 = 0x0001_0001;
        let words = scores.as_mut_ptr().cast::<i32>();
        let mut sums = [0; ROWS];
        for (row, (highest, total)) in highest.into_iter().zip(&mut sums).enumerate() {
            let (mut from, mut to) =
                (words.wrapping_add(row), words.wrapping_add(row).cast::<u32>());
            let mut sum = 0;
            for _ in 0..groups {
                // SAFETY: `from` stays below `16 · groups` words. `to` is behind it: the words that
                // are written hold scores of this row that were read.
                let e = |token| unsafe { self.exp2_neg(highest - from.add(ROWS * token).read()) };
                let (even, odd) = (pkhbt(e(0), e(2)), pkhbt(e(1), e(3)));
                sum = smlad(odd, ONES, smlad(even, ONES, sum));
                // SAFETY: as above.
                unsafe { to.write(even) };
                // SAFETY: as above.
                unsafe { to.add(ROWS).write(odd) };
                from = from.wrapping_add(4 * ROWS);
                to = to.wrapping_add(2 * ROWS);
            }
            *total = sum.cast_unsigned();
        }
        // SAFETY: that many groups of eight words were written.
        (unsafe { core::slice::from_raw_parts(words.cast(), groups) }, sums)
    }
}
