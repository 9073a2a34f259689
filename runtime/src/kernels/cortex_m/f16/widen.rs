//! Weights in f16 as f32, exactly.

use super::product::TILE;
use core::arch::asm;

/// Fills a panel with the weights of four outputs.
#[inline(never)]
pub(super) fn widen(weights: [&[[u8; 2]]; TILE], panel: &mut [[f32; TILE]]) {
    let [w0, w1, w2, w3] = weights;
    let len = panel.len();
    let whole = weights.iter().all(|weights| weights.len() >= len);
    debug_assert!(whole, "weights of a panel");
    if !whole {
        return;
    }
    // SAFETY: each output has `len` weights, the panel has places for them. `ldr` and `ldrh` read at any
    // address.
    unsafe {
        asm!(
            "subs {len}, {len}, #2",
            "blo 3f",
            "2:",
            "ldr {a}, [{w0}], #4",
            "ldr {b}, [{w1}], #4",
            "ldr {c}, [{w2}], #4",
            "ldr {d}, [{w3}], #4",
            "vmov s8, s9, {a}, {b}",
            "vmov s10, s11, {c}, {d}",
            "vcvtb.f32.f16 s0, s8",
            "vcvtb.f32.f16 s1, s9",
            "vcvtb.f32.f16 s2, s10",
            "vcvtb.f32.f16 s3, s11",
            "vcvtt.f32.f16 s4, s8",
            "vcvtt.f32.f16 s5, s9",
            "vcvtt.f32.f16 s6, s10",
            "vcvtt.f32.f16 s7, s11",
            "vstmia {panel}!, {{s0-s7}}",
            "subs {len}, {len}, #2",
            "bhs 2b",
            "3:",
            // One input is left if their number is odd.
            "adds {len}, {len}, #2",
            "beq 4f",
            "ldrh {a}, [{w0}]",
            "ldrh {b}, [{w1}]",
            "ldrh {c}, [{w2}]",
            "ldrh {d}, [{w3}]",
            "vmov s8, s9, {a}, {b}",
            "vmov s10, s11, {c}, {d}",
            "vcvtb.f32.f16 s0, s8",
            "vcvtb.f32.f16 s1, s9",
            "vcvtb.f32.f16 s2, s10",
            "vcvtb.f32.f16 s3, s11",
            "vstmia {panel}, {{s0-s3}}",
            "4:",
            len = inout(reg) len => _,
            panel = inout(reg) panel.as_mut_ptr() => _,
            w0 = inout(reg) w0.as_ptr() => _,
            w1 = inout(reg) w1.as_ptr() => _,
            w2 = inout(reg) w2.as_ptr() => _,
            w3 = inout(reg) w3.as_ptr() => _,
            a = out(reg) _,
            b = out(reg) _,
            c = out(reg) _,
            d = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _,
            out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            options(nostack)
        );
    }
}
