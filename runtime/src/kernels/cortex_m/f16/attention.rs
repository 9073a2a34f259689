//! Attention: one query and four keys, then one query and sixteen channels.

use crate::config::MAX_HEAD_DIM;
use crate::kernels::f16::functions::exp2;
use crate::kernels::f16::operand::F16Attention;
use crate::kernels::f16::scalar::scale;
use crate::rows::{part, tail};
use core::arch::asm;

/// Keys that are taken together.
const KEYS: usize = 4;
/// Channels that are taken together.
const CHANNELS: usize = 16;

/// [`scalar::attention`](crate::kernels::f16::scalar::attention).
pub(super) fn attention(qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) {
    let (heads, head_dim) = (attention.heads, attention.head_dim.clamp(1, MAX_HEAD_DIM));
    let width = (heads * head_dim).max(1);
    let scale = scale(head_dim);
    for start in (0..width).step_by(head_dim) {
        for token in 0..scores.len() {
            let place = token * 3 * width + start;
            let query = part(qkv, place, head_dim);
            let mut highest = f32::NEG_INFINITY;
            for (block, scores) in scores.chunks_mut(KEYS).enumerate() {
                // In place of keys after the last one, the last one.
                let last = scores.len().saturating_sub(1);
                let key = |at: usize| {
                    let token = block * KEYS + at.min(last);
                    part(qkv, token * 3 * width + width + start, head_dim)
                };
                let sums = multiply(query, [key(0), key(1), key(2), key(3)]);
                for (score, sum) in scores.iter_mut().zip(sums) {
                    *score = sum * scale;
                    highest = if *score > highest { *score } else { highest };
                }
            }
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = exp2(*score - highest);
                sum += *score;
            }
            let share = 1.0 / sum;
            let mut memory = [0.0; MAX_HEAD_DIM];
            let values = tail(qkv, 2 * width + start);
            context(scores, values, 3 * width, memory.get_mut(..head_dim).unwrap_or(&mut []));
            let places = qkv.iter_mut().skip(place).take(head_dim);
            places.zip(memory).for_each(|(place, sum)| *place = sum * share);
        }
    }
}

/// The products of one value for four keys.
macro_rules! keys {
    ($query:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "vmla.f32 s0, ",
            $query,
            ", ",
            $a,
            "\n",
            "vmla.f32 s1, ",
            $query,
            ", ",
            $b,
            "\n",
            "vmla.f32 s2, ",
            $query,
            ", ",
            $c,
            "\n",
            "vmla.f32 s3, ",
            $query,
            ", ",
            $d,
        )
    };
}

/// The sums of the products of a query and four keys.
#[inline(always)]
fn multiply(query: &[f32], keys: [&[f32]; KEYS]) -> [f32; KEYS] {
    let len = query.len();
    let whole = keys.iter().all(|key| key.len() >= len);
    debug_assert!(whole, "keys of one length");
    let mut sums = [0.0; KEYS];
    if !whole {
        return sums;
    }
    let [k0, k1, k2, k3] = keys;
    // SAFETY: the query and each key have `len` values. Each pointer is moved only past what was read.
    unsafe {
        asm!(
            "vldmia {sums}, {{s0-s3}}",
            "subs {len}, {len}, #4",
            "blo 3f",
            "2:",
            "vldmia {query}!, {{s4-s7}}",
            "vldmia {k0}!, {{s8-s11}}",
            "vldmia {k1}!, {{s12-s15}}",
            "vldmia {k2}!, {{s16-s19}}",
            "vldmia {k3}!, {{s20-s23}}",
            keys!("s4", "s8", "s12", "s16", "s20"),
            keys!("s5", "s9", "s13", "s17", "s21"),
            keys!("s6", "s10", "s14", "s18", "s22"),
            keys!("s7", "s11", "s15", "s19", "s23"),
            "subs {len}, {len}, #4",
            "bhs 2b",
            "3:",
            "adds {len}, {len}, #4",
            "beq 5f",
            "4:",
            "vldmia {query}!, {{s4}}",
            "vldmia {k0}!, {{s8}}",
            "vldmia {k1}!, {{s12}}",
            "vldmia {k2}!, {{s16}}",
            "vldmia {k3}!, {{s20}}",
            keys!("s4", "s8", "s12", "s16", "s20"),
            "subs {len}, {len}, #1",
            "bne 4b",
            "5:",
            "vstmia {sums}, {{s0-s3}}",
            len = inout(reg) len => _,
            query = inout(reg) query.as_ptr() => _,
            k0 = inout(reg) k0.as_ptr() => _,
            k1 = inout(reg) k1.as_ptr() => _,
            k2 = inout(reg) k2.as_ptr() => _,
            k3 = inout(reg) k3.as_ptr() => _,
            sums = in(reg) sums.as_mut_ptr(),
            out("s0") _, out("s1") _, out("s2") _, out("s3") _,
            out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _, out("s9") _,
            out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _,
            out("s22") _, out("s23") _,
            options(nostack)
        );
    }
    sums
}

/// The sums of the weighted values. Rows of `values` are `stride` apart, and there is one for each weight.
fn context(weights: &[f32], values: &[f32], stride: usize, out: &mut [f32]) {
    let (sixteens, rest) = out.as_chunks_mut::<CHANNELS>();
    let done = sixteens.len() * CHANNELS;
    for (at, sums) in sixteens.iter_mut().enumerate() {
        add_values(weights, tail(values, at * CHANNELS), stride, sums);
    }
    if rest.is_empty() {
        return;
    }
    // The last row of `values` is not as long as a stride.
    for (at, weight) in weights.iter().enumerate() {
        let row = part(values, at * stride + done, rest.len());
        for (sum, value) in rest.iter_mut().zip(row) {
            *sum += weight * value;
        }
    }
}

/// Adds the weighted values of sixteen channels.
#[inline(never)]
fn add_values(weights: &[f32], values: &[f32], stride: usize, sums: &mut [f32; CHANNELS]) {
    let rows = weights.len();
    let whole = rows > 0 && values.len() >= (rows - 1) * stride + CHANNELS;
    debug_assert!(whole, "a row of values for each weight");
    if !whole {
        return;
    }
    // SAFETY: there is a row of sixteen values for each weight, and at least one. A pointer past the last row
    // is not read.
    unsafe {
        asm!(
            "vldmia {sums}, {{s0-s15}}",
            "2:",
            "vldmia {weights}!, {{s16}}",
            "vldmia {values}!, {{s17-s24}}",
            "vmla.f32 s0, s16, s17",
            "vmla.f32 s1, s16, s18",
            "vmla.f32 s2, s16, s19",
            "vmla.f32 s3, s16, s20",
            "vmla.f32 s4, s16, s21",
            "vmla.f32 s5, s16, s22",
            "vmla.f32 s6, s16, s23",
            "vmla.f32 s7, s16, s24",
            "vldmia {values}, {{s17-s24}}",
            "add {values}, {values}, {step}",
            "vmla.f32 s8, s16, s17",
            "vmla.f32 s9, s16, s18",
            "vmla.f32 s10, s16, s19",
            "vmla.f32 s11, s16, s20",
            "vmla.f32 s12, s16, s21",
            "vmla.f32 s13, s16, s22",
            "vmla.f32 s14, s16, s23",
            "vmla.f32 s15, s16, s24",
            "subs {rows}, {rows}, #1",
            "bne 2b",
            "vstmia {sums}, {{s0-s15}}",
            sums = in(reg) sums.as_mut_ptr(),
            weights = inout(reg) weights.as_ptr() => _,
            values = inout(reg) values.as_ptr() => _,
            rows = inout(reg) rows => _,
            step = in(reg) stride.wrapping_sub(CHANNELS / 2) * size_of::<f32>(),
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _,
            out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _,
            out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _,
            options(nostack)
        );
    }
}
