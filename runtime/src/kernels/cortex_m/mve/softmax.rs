//! Exponentials of four rows of scores.

use super::pack::{Group, LANES, Packed, ROWS};
use super::product::Accumulators;
use crate::fixed::Octaves;
use core::arch::asm;
use core::array;

/// Maximum number of scores of a row, those of `micro-96`. Longer sequences use the scalar kernel.
pub(super) const TOKENS: usize = 144;

/// Octaves of four scores of each row, stored at four offsets.
macro_rules! octaves {
    ($a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "vld40.32 {{q0, q1, q2, q3}}, [{from}]\n",
            "vld41.32 {{q0, q1, q2, q3}}, [{from}]\n",
            "vld42.32 {{q0, q1, q2, q3}}, [{from}]\n",
            "vld43.32 {{q0, q1, q2, q3}}, [{from}]!\n",
            octaves!("q0", "{a}", $a),
            octaves!("q1", "{b}", $b),
            octaves!("q2", "{c}", $c),
            octaves!("q3", "{d}", $d),
        )
    };
    ($scores:literal, $highest:literal, $to:literal) => {
        concat!(
            "vsub.i32 ",
            $scores,
            ", ",
            $scores,
            ", ",
            $highest,
            "\n",
            "vshl.s32 ",
            $scores,
            ", {left}\n",
            "vqdmulh.s32 ",
            $scores,
            ", ",
            $scores,
            ", {minus_mult}\n",
            "vqmovnb.s32 ",
            $scores,
            ", ",
            $scores,
            "\n",
            "vstrh.32 ",
            $scores,
            ", [r0, ",
            $to,
            "]\n",
        )
    };
}

/// Exponentials of eight octaves. Then the output pointer advances by `$next` bytes.
macro_rules! exponentials {
    ($next:literal) => {
        concat!(
            "vldrh.u16 q0, [{from}], #64\n",
            // The fraction, with 15 bits.
            "vshl.i16 q1, q0, #5\n",
            "vshr.u16 q1, q1, #1\n",
            "vqrdmulh.s16 q2, q1, {c3}\n",
            "vadd.i16 q2, q2, {c2}\n",
            "vqrdmulh.s16 q2, q2, q1\n",
            "vadd.i16 q2, q2, {c1}\n",
            "vqrdmulh.s16 q2, q2, q1\n",
            "vadd.i16 q2, q2, {c0}\n",
            // A rounding shift to the right by 7 plus the number of whole octaves.
            "vshr.u16 q0, q0, #11\n",
            "vmvn q0, q0\n",
            "vadd.i16 q0, q0, {minus_six}\n",
            "vrshl.s16 q2, q2, q0\n",
            "vaddva.u16 r2, q2\n",
            "vadd.i16 q2, q2, {minus_128}\n",
            "vstrb.16 q2, [r0], ",
            $next,
            "\n",
        )
    };
}

/// From distances between scores to exponentials: [`Octaves`] as one multiplication.
#[derive(Clone, Copy)]
pub(super) struct Distance {
    left: u32,
    /// Negated, because scores minus their maximum are negated distances.
    minus_mult: i32,
    far: i32,
}

/// Scores of four queries, key by key.
pub(super) type Scores = Accumulators<TOKENS>;
/// Exponentials of four queries, minus 128.
pub(super) type Weights = Packed<{ TOKENS / LANES }>;

impl Distance {
    /// `None` for multipliers outside `2^15 .. 2^24`.
    ///
    /// # Ranges and overflow
    /// A distance, below `2^22`, is shifted by at most 7, and the multiplier is below `2^31`: the
    /// doubled product's upper word is `(d · mult) >> 17`, which [`Octaves::apply`] gives before its
    /// last clamp.
    pub(super) fn new(octaves: Octaves) -> Option<Self> {
        /// By how much distance and multiplier are shifted together.
        const SHIFT: u32 = 14;
        let mult = octaves.mult();
        if !(1 << 15..1 << 24).contains(&mult) {
            return None;
        }
        let left = SHIFT.saturating_sub(mult.leading_zeros() - 1);
        let minus_mult = (mult << (SHIFT - left)).cast_signed().wrapping_neg();
        // At most four times 18 431.
        let far = octaves.limit().cast_signed() + 1;
        Some(Self { left, minus_mult, far })
    }

    /// Writes the exponentials, minus 128, of `tokens` scores of four rows. Scores whose exponential is 0
    /// fill up the last group. Returns the groups and the sum of each row's exponentials.
    ///
    /// # Safety
    /// `tokens` scores must be written: 1 to `TOKENS`.
    #[inline(always)]
    pub(super) unsafe fn softmax<'a>(
        self,
        scores: &mut Scores,
        tokens: usize,
        weights: &'a mut Weights,
    ) -> (&'a [Group], [u32; ROWS]) {
        let groups = tokens.div_ceil(LANES);
        // SAFETY: the caller's promise; then whole groups of scores are written, and their octaves.
        unsafe {
            let highest = highest(scores.as_ptr().cast(), tokens);
            for filler in scores.iter_mut().take(LANES * groups).skip(tokens) {
                filler.write(highest.map(|highest| highest.wrapping_sub(self.far)));
            }
            self.octaves(scores.as_mut_ptr().cast(), 2 * groups, &highest);
            let (from, to) = (scores.as_ptr().cast::<u8>(), weights.as_mut_ptr().cast::<u8>());
            let sums = array::from_fn(|row| {
                let start = LANES * row;
                exponentials(from.wrapping_add(start), to.wrapping_add(start), groups)
            });
            (weights.written(groups), sums)
        }
    }

    /// Replaces eight scores of each row at a time by their octaves below the maximum, as i16: those
    /// of the first row, then of the second.
    ///
    /// Saturation takes the place of a clamp: from 9 octaves on, the exponential is 0.
    ///
    /// # Safety
    /// `8 · eights` scores must be written.
    #[inline(never)]
    unsafe fn octaves(self, scores: *mut u8, eights: usize, highest: &[i32; ROWS]) {
        let [a, b, c, d] = *highest;
        // SAFETY: reads and writes the scores that the caller promises; no score is overwritten before it
        // is read.
        unsafe {
            asm!(
                "2:",
                octaves!("#0", "#16", "#32", "#48"),
                octaves!("#8", "#24", "#40", "#56"),
                "add r0, r0, #64",
                "le lr, 2b",
                from = inout(reg) scores => _,
                // Narrowing stores take the lower registers.
                inout("r0") scores => _,
                a = in(reg) a, b = in(reg) b, c = in(reg) c, d = in(reg) d,
                left = in(reg) self.left,
                minus_mult = in(reg) self.minus_mult,
                inout("lr") eights => _,
                out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                options(nostack)
            );
        }
    }
}

/// The highest of `tokens` scores of each row.
///
/// # Safety
/// That many scores, at least one, must be written.
#[inline(always)]
unsafe fn highest(scores: *const [i32; ROWS], tokens: usize) -> [i32; ROWS] {
    let mut highest = [i32::MIN; ROWS];
    // SAFETY: reads what the caller promises.
    unsafe {
        asm!(
            "vldrw.32 q0, [{highest}]",
            "2:",
            "vldrw.32 q1, [{scores}], #16",
            "vmax.s32 q0, q0, q1",
            "le lr, 2b",
            "vstrw.32 q0, [{highest}]",
            scores = inout(reg) scores => _,
            highest = in(reg) &raw mut highest,
            inout("lr") tokens => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            options(nostack)
        );
    }
    highest
}

/// [`exp2_neg`](crate::fixed::exp2_neg) of two times eight octaves of one row for each group, minus 128.
/// Returns their sum.
///
/// `VQRDMULH.S16` is `mul_high`; its saturation cannot occur, since no fraction is `−2^15`.
///
/// # Safety
/// `from` must point to the row's first octaves, eight in 64 bytes; `to` to the row of the first
/// group.
#[inline(always)]
unsafe fn exponentials(from: *const u8, to: *mut u8, groups: usize) -> u32 {
    let sum: u32;
    // SAFETY: reads and writes what the caller promises.
    unsafe {
        asm!(
            "2:",
            exponentials!("#8"),
            exponentials!("#56"),
            "le lr, 2b",
            from = inout(reg) from => _,
            inout("r0") to => _,
            c3 = in(reg) -1_327,
            c2 = in(reg) 7_592,
            c1 = in(reg) -22_588,
            c0 = in(reg) 32_640,
            minus_six = in(reg) -6,
            minus_128 = in(reg) -128,
            inout("r2") 0 => sum,
            inout("lr") groups => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _,
            options(nostack)
        );
    }
    sum
}
