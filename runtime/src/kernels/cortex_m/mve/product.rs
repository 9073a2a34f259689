//! The loop of all products: four packed rows times rows of i8 values, two at a time.

use super::pack::{Group, LANES, ROWS, mask};
use core::arch::asm;
use core::mem::{MaybeUninit, offset_of};

/// Accumulators of the four rows, channel by channel.
pub(super) type Accumulators<const CHANNELS: usize> = [MaybeUninit<[i32; ROWS]>; CHANNELS];

/// Four packed rows, and the shape of the weights that they are multiplied with.
#[repr(C)]
pub(super) struct Product {
    x: *const Group,
    /// Values from one channel's weights to the next.
    stride: usize,
    mask: u32,
    groups: usize,
    /// From the end of one channel's weights to the first lane of the next channel's first group.
    skew: isize,
    end: *const [i32; ROWS],
}

impl Product {
    /// The product of rows of `k` values with weights that are `stride` values apart.
    pub(super) fn new(x: &[Group], k: usize, stride: usize) -> Self {
        let (mask, groups) = (mask(k), x.len());
        let skew = stride.cast_signed() - (LANES * groups).cast_signed();
        Self { x: x.as_ptr(), stride, mask, groups, skew, end: core::ptr::null() }
    }

    /// `Σ x · w` for each of the four rows and of `channels` rows of weights.
    ///
    /// Channels are computed in pairs. If their number is odd, the last one is computed twice.
    ///
    /// # Safety
    /// The rows must hold `k ≥ 1` values. `weights` must point to `channels` rows of as many values. `acc`
    /// must have room for an even number of channels.
    pub(super) unsafe fn run(
        &mut self,
        weights: *const i8,
        channels: usize,
        acc: &mut [MaybeUninit<[i32; ROWS]>],
    ) {
        let even = channels & !1;
        let (stride, start) = (self.stride, acc.as_mut_ptr().cast::<[i32; ROWS]>());
        // SAFETY: the caller's promise.
        unsafe {
            if even > 0 {
                self.end = start.wrapping_add(even);
                pairs(self, weights, start);
            }
            if even < channels {
                self.stride = 0;
                self.end = start.wrapping_add(even + 2);
                pairs(self, weights.wrapping_add(even * stride), start.wrapping_add(even));
                self.stride = stride;
            }
        }
    }
}

/// Products of two channels, whose weights are in q0 and q1, with one group of four rows.
///
/// The accumulators are all even registers that the instruction can name, lr among them.
macro_rules! group {
    ($multiply:literal) => {
        concat!(
            "vldrw.32 q2, [r1], #16\n",
            $multiply,
            " r0, q0, q2\n",
            "vldrw.32 q3, [r1], #16\n",
            $multiply,
            " r8, q1, q2\n",
            $multiply,
            " r2, q0, q3\n",
            "vldrw.32 q2, [r1], #16\n",
            $multiply,
            " r10, q1, q3\n",
            $multiply,
            " r4, q0, q2\n",
            "vldrw.32 q3, [r1], #16\n",
            $multiply,
            " r12, q1, q2\n",
            $multiply,
            " r6, q0, q3\n",
            $multiply,
            " lr, q1, q3\n",
        )
    };
}

/// Pairs of channels up to `product.end`.
///
/// Four rows by two channels take 14 instructions for 128 products. Four rows by one channel, in a
/// loop with tail predication, would take 10 for 64.
///
/// # Safety
/// As [`Product::run`].
#[inline(never)]
unsafe fn pairs(product: &Product, weights: *const i8, acc: *mut [i32; ROWS]) {
    let weights = weights.wrapping_sub(product.mask.trailing_zeros() as usize);
    // SAFETY: reads and writes what the caller promises, without the weights that the mask leaves out. r6
    // and r7, which cannot be named as operands, are restored.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r7, r0",
            "2:",
            "ldm r7, {{r1, r2, r4, r9}}",
            "add r5, r3, r2",
            "vmsr p0, r4",
            "vpstt",
            "vldrbt.u8 q0, [r3], #16",
            "vldrbt.u8 q1, [r5], #16",
            group!("vmlav.s8"),
            "subs r9, r9, #1",
            "beq 4f",
            "3:",
            "vldrb.u8 q0, [r3], #16",
            "vldrb.u8 q1, [r5], #16",
            group!("vmlava.s8"),
            "subs r9, r9, #1",
            "bne 3b",
            "4:",
            "stm r11!, {{r0, r2, r4, r6, r8, r10, r12, lr}}",
            "ldrd r0, r2, [r7, #{skew}]",
            "add r3, r5, r0",
            "cmp r11, r2",
            "bne 2b",
            "pop {{r6, r7}}",
            skew = const offset_of!(Product, skew),
            inout("r0") product => _,
            inout("r3") weights => _,
            inout("r11") acc => _,
            out("r1") _, out("r2") _, out("r4") _, out("r5") _, out("r8") _, out("r9") _,
            out("r10") _, out("r12") _, out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
        );
    }
}
