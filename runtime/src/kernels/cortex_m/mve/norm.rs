//! Layer normalisation.

use super::super::requant::{UpperRequant, sat8};
use crate::fixed::{RowScale, rescale};
use crate::kernels::operand::Norm;
use crate::rows::{rows, rows_mut};
use core::arch::asm;

/// Same contract as [`scalar::layer_norm_i8`](crate::kernels::scalar::layer_norm_i8).
pub(super) fn layer_norm_i8(x: &[i16], dim: usize, norm: &Norm, out: &mut [i8]) {
    let shift = norm.shift.clamp(7, 37) + 25;
    let zero_point = i32::from(norm.zero_point);
    for (x, out) in rows(x, dim).zip(rows_mut(out, dim)) {
        let row = row_scale(x, norm.eps);
        let mult = row.times(norm.mult);
        match UpperRequant::new(mult, shift, zero_point) {
            Some(requant) => normalise(x, row, requant, out),
            None => {
                for (&x, out) in x.iter().zip(out) {
                    *out = sat8(zero_point + rescale(row.normalise(x), mult, shift));
                }
            }
        }
    }
}

/// Normalises, rescales and saturates a row.
fn normalise(x: &[i16], row: RowScale, requant: UpperRequant, out: &mut [i8]) {
    // What `normalise` computes is linear in its argument, modulo 2^32.
    let offset = row.normalise(0);
    let slope = row.normalise(1).wrapping_sub(offset);
    let UpperRequant { mult, base, shift } = requant;
    // SAFETY: reads and writes as many values as the shorter of both slices has.
    unsafe {
        asm!(
            "vdup.32 q1, {slope}",
            "vdup.32 q2, {mult}",
            "wlstp.32 lr, {len}, 3f",
            "2:",
            "vldrh.s32 q0, [r0], #8",
            "vmlas.s32 q0, q1, {offset}",
            "vmulh.s32 q0, q0, q2",
            "vadd.i32 q0, q0, {base}",
            "vshl.s32 q0, {right}",
            "vqmovnb.s32 q0, q0",
            "vqmovnb.s16 q0, q0",
            "vstrb.32 q0, [r1], #4",
            "letp lr, 2b",
            "3:",
            slope = in(reg) slope,
            mult = in(reg) mult,
            len = in(reg) x.len().min(out.len()),
            offset = in(reg) offset,
            base = in(reg) base,
            right = in(reg) 0 - shift.cast_signed(),
            inout("r0") x.as_ptr() => _,
            inout("r1") out.as_mut_ptr() => _,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _,
            options(nostack)
        );
    }
}

/// [`scalar::row_scale`](crate::kernels::scalar::row_scale).
#[inline(never)]
fn row_scale(x: &[i16], eps: u32) -> RowScale {
    let (sum, low, high): (i32, u32, u32);
    // SAFETY: reads the slice.
    unsafe {
        asm!(
            "wlstp.16 lr, {len}, 3f",
            "2:",
            "vldrh.u16 q0, [{x}], #16",
            "vaddva.s16 r2, q0",
            "vmlalva.s16 r4, r5, q0, q0",
            "letp lr, 2b",
            "3:",
            x = inout(reg) x.as_ptr() => _,
            len = in(reg) x.len(),
            inout("r2") 0 => sum,
            inout("r4") 0 => low,
            inout("r5") 0 => high,
            out("lr") _,
            out("d0") _, out("d1") _,
            options(nostack, readonly)
        );
    }
    let squares = i64::from(low) | i64::from(high) << 32;
    RowScale::new(x.len(), sum, squares, eps)
}
