//! Attention: four queries at a time. Scores and weighted values use [`Product`].
//!
//! 128 is subtracted from the exponentials, so that both factors are i8. Then 128 times the sum of a
//! channel's values is added to its product.

use super::super::requant::UpperRequant;
use super::pack::{LANES, Packed, ROWS};
use super::product::Product;
use super::softmax::{Distance, Scores, TOKENS, Weights};
use crate::config::{MAX_HEAD_DIM, MAX_HEADS};
use crate::fixed::UPPER_SHIFTS;
use crate::kernels::operand::Attention;
use crate::kernels::scalar;
use core::arch::asm;
use core::array;
use core::mem::MaybeUninit;

/// Maximum number of values of one head, over all tokens.
const VALUES: usize = 16 * TOKENS;
/// Channels that are transposed together.
const TOGETHER: usize = 8;

/// Rescales one row by its multiplier and saturates.
macro_rules! row {
    ($row:literal, $mult:literal) => {
        concat!(
            "vadd.i32 ",
            $row,
            ", ",
            $row,
            ", q4\n",
            "vdup.32 q5, ",
            $mult,
            "\n",
            "vmulh.s32 ",
            $row,
            ", ",
            $row,
            ", q5\n",
            "vadd.i32 ",
            $row,
            ", ",
            $row,
            ", {base}\n",
            "vshl.s32 ",
            $row,
            ", {right}\n",
            "vqmovnb.s32 ",
            $row,
            ", ",
            $row,
            "\n",
            "vqmovnb.s16 ",
            $row,
            ", ",
            $row,
            "\n",
        )
    };
}

/// Queries of one head.
type Queries = Packed<{ MAX_HEAD_DIM / LANES }>;
/// The sum over all tokens of each channel of the values.
type Sums = [MaybeUninit<i16>; MAX_HEAD_DIM];

/// Same contract as [`scalar::attention_i8`](crate::kernels::scalar::attention_i8).
pub(super) fn attention_i8(qkv: &mut [i8], attention: &Attention, scores: &mut [i32]) {
    let tokens = scores.len();
    let (heads, head_dim) = (attention.heads, attention.head_dim);
    let width = heads.wrapping_mul(head_dim);
    let distance = Distance::new(attention.octaves);
    let shift = attention.shift.clamp(25, 55) + 7;
    let fast = (1..=TOKENS).contains(&tokens)
        && heads <= MAX_HEADS
        && (1..=MAX_HEAD_DIM).contains(&head_dim)
        && tokens.next_multiple_of(LANES) * head_dim <= VALUES
        && qkv.len() == 3 * tokens * width
        && UPPER_SHIFTS.contains(&shift);
    let (true, Some(distance)) = (fast, distance) else {
        return scalar::attention_i8(qkv, attention, scores);
    };
    let mut values = [0i8; VALUES];
    let mut sums = [MaybeUninit::uninit(); _];
    for head in 0..heads {
        let start = head * head_dim;
        let head = Head { qkv: qkv.as_mut_ptr(), attention, tokens, width, start, distance, shift };
        // SAFETY: the lengths were checked.
        unsafe {
            head.transpose(&mut values, &mut sums);
            for first in (0..tokens).step_by(ROWS) {
                head.queries(first, &values, &sums);
            }
        }
    }
}

/// One head; `qkv` points to `[tokens, 3 · width]`.
struct Head<'a> {
    qkv: *mut i8,
    attention: &'a Attention,
    tokens: usize,
    width: usize,
    /// The head's first value within a third of a row.
    start: usize,
    distance: Distance,
    /// Shift of the output's requant.
    shift: u8,
}

impl Head<'_> {
    /// Writes the head's values as `[head_dim, tokens]`, and the sum of each row. Rows are padded to a
    /// multiple of [`LANES`]. The padding is not written and stays 0.
    ///
    /// # Safety
    /// The lengths of [`attention_i8`]'s check.
    #[inline(never)]
    unsafe fn transpose(&self, values: &mut [i8; VALUES], sums: &mut Sums) {
        let len = self.tokens.next_multiple_of(LANES);
        let head_dim = self.attention.head_dim;
        for first in (0..head_dim).step_by(TOGETHER) {
            // SAFETY: reads up to eight channels of every token; the predicate leaves out channels that do
            // not exist. Writes a row of `values`, below `head_dim · len ≤ VALUES`, and a sum for each.
            unsafe {
                asm!(
                    "vctp.16 {channels}",
                    "movs r2, #0",
                    "vidup.u16 q0, r2, #1",
                    "vmul.i16 q0, q0, {len}",
                    "vmov.i32 q1, #0",
                    "2:",
                    "vpstt",
                    "vldrbt.s16 q2, [r0]",
                    "vstrbt.16 q2, [r1, q0]",
                    "vadd.i16 q1, q1, q2",
                    "add r0, r0, {row}",
                    "add r1, r1, #1",
                    "le lr, 2b",
                    "vpst",
                    "vstrht.16 q1, [{sums}]",
                    channels = in(reg) head_dim - first,
                    len = in(reg) len,
                    row = in(reg) 3 * self.width,
                    sums = in(reg) sums.as_mut_ptr().wrapping_add(first),
                    inout("r0") self.qkv.wrapping_add(2 * self.width + self.start + first) => _,
                    inout("r1") values.as_mut_ptr().wrapping_add(first * len) => _,
                    out("r2") _,
                    inout("lr") self.tokens => _,
                    out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _,
                    options(nostack)
                );
            }
        }
    }

    /// Replaces four queries, from `first` on, by their outputs. The last query takes the place of queries
    /// beyond it.
    ///
    /// # Safety
    /// The lengths of [`attention_i8`]'s check.
    #[inline(never)]
    unsafe fn queries(&self, first: usize, values: &[i8; VALUES], sums: &Sums) {
        let head_dim = self.attention.head_dim;
        let out: [_; ROWS] = array::from_fn(|query| {
            let row = (first + query).min(self.tokens - 1);
            self.qkv.wrapping_add(row * 3 * self.width + self.start)
        });
        let (mut queries, mut weights) = (Queries::new(), Weights::new());
        let mut acc: Scores = [MaybeUninit::uninit(); _];
        let keys = self.qkv.cast_const().wrapping_add(self.width + self.start);
        // SAFETY: queries and keys have `head_dim ≤ MAX_HEAD_DIM` values. There are `tokens ≤ TOKENS`
        // keys. `values` has `head_dim` rows, padded to a multiple of `LANES`.
        unsafe {
            let queries = queries.fill(out.map(<*mut i8>::cast_const), head_dim);
            Product::new(queries, head_dim, 3 * self.width).run(keys, self.tokens, &mut acc);
            let (weights, totals) = self.distance.softmax(&mut acc, self.tokens, &mut weights);
            let len = LANES * weights.len();
            Product::new(weights, len, len).run(values.as_ptr(), head_dim, &mut acc);
            let mults = totals.map(|total| self.attention.row_mult(total));
            let zero = self.attention.zero_point.into();
            let requants = mults.map(|mult| UpperRequant::in_range(mult, self.shift, zero));
            store(&acc, sums, &requants, out, head_dim);
        }
    }
}

/// Adds 128 times the sums to the accumulators of four rows, rescales each row and stores
/// `channels`.
///
/// # Safety
/// `channels` accumulators and sums must have been written. Each pointer of `out` must be valid for
/// `channels` outputs.
#[inline(never)]
unsafe fn store(
    acc: &Scores,
    sums: &Sums,
    requants: &[UpperRequant; ROWS],
    out: [*mut i8; ROWS],
    channels: usize,
) {
    // The requants of the rows differ only in the multiplier.
    let [UpperRequant { base, shift, .. }, ..] = *requants;
    let [a, b, c, d] = requants.map(|requant| requant.mult);
    // SAFETY: the predicate limits sums and outputs to the `channels` that the caller promises.
    // Accumulators are read up to the next multiple of four, which lies inside `Scores`.
    unsafe {
        asm!(
            "ldm r5, {{r2, r3, r4, r5}}",
            "2:",
            "vctp.32 lr",
            "vpst",
            "vldrht.s32 q4, [r1], #8",
            "vshl.i32 q4, q4, #7",
            "vld40.32 {{q0, q1, q2, q3}}, [r0]",
            "vld41.32 {{q0, q1, q2, q3}}, [r0]",
            "vld42.32 {{q0, q1, q2, q3}}, [r0]",
            "vld43.32 {{q0, q1, q2, q3}}, [r0]!",
            row!("q0", "r8"),
            row!("q1", "r9"),
            row!("q2", "r10"),
            row!("q3", "r11"),
            "vpstttt",
            "vstrbt.32 q0, [r2], #4",
            "vstrbt.32 q1, [r3], #4",
            "vstrbt.32 q2, [r4], #4",
            "vstrbt.32 q3, [r5], #4",
            "subs lr, lr, #4",
            "bhi 2b",
            inout("r0") acc.as_ptr() => _,
            inout("r1") sums.as_ptr() => _,
            inout("r5") out.as_ptr() => _,
            in("r8") a, in("r9") b, in("r10") c, in("r11") d,
            inout("lr") channels => _,
            base = in(reg) base,
            right = in(reg) 0 - shift.cast_signed(),
            out("r2") _, out("r3") _, out("r4") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            options(nostack)
        );
    }
}
