//! Copies between addresses of any alignment.

use core::arch::asm;

/// Copies as many values as both have.
///
/// If the two sides are aligned differently, `memcpy` of `compiler_builtins` takes two to six times as many
/// instructions. It reads aligned words and puts each word together by shifts.
#[inline]
pub(crate) fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    let len = to.len().min(from.len()) * size_of::<T>();
    // SAFETY: both have that many bytes, and they do not overlap.
    unsafe { bytes(to.as_mut_ptr().cast(), from.as_ptr().cast(), len) }
}

/// Copies `len` bytes.
///
/// # Safety
/// `from` must point to as many readable bytes, `to` to as many writable bytes that do not overlap them.
#[cfg(not(cortex_m_mve))]
#[inline(never)]
unsafe fn bytes(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: reads and writes what the caller promises.
    unsafe {
        asm!(
            "subs {len}, {len}, #16",
            "blo 3f",
            "2:",
            "ldr {a}, [{from}], #4",
            "ldr {b}, [{from}], #4",
            "ldr {c}, [{from}], #4",
            "ldr {d}, [{from}], #4",
            "str {a}, [{to}], #4",
            "str {b}, [{to}], #4",
            "str {c}, [{to}], #4",
            "str {d}, [{to}], #4",
            "subs {len}, {len}, #16",
            "bhs 2b",
            "3:",
            "adds {len}, {len}, #12",
            "blo 5f",
            "4:",
            "ldr {a}, [{from}], #4",
            "str {a}, [{to}], #4",
            "subs {len}, {len}, #4",
            "bhs 4b",
            "5:",
            "adds {len}, {len}, #4",
            "beq 7f",
            "6:",
            "ldrb {a}, [{from}], #1",
            "strb {a}, [{to}], #1",
            "subs {len}, {len}, #1",
            "bne 6b",
            "7:",
            to = inout(reg) to => _,
            from = inout(reg) from => _,
            len = inout(reg) len => _,
            a = out(reg) _,
            b = out(reg) _,
            c = out(reg) _,
            d = out(reg) _,
            options(nostack)
        );
    }
}

/// Copies `len` bytes.
///
/// # Safety
/// As above.
#[cfg(cortex_m_mve)]
#[inline(never)]
unsafe fn bytes(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: reads and writes what the caller promises: the loop leaves out the lanes beyond the last byte.
    unsafe {
        asm!(
            "wlstp.8 lr, {len}, 3f",
            "2:",
            "vldrb.u8 q0, [{from}], #16",
            "vstrb.8 q0, [{to}], #16",
            "letp lr, 2b",
            "3:",
            to = inout(reg) to => _,
            from = inout(reg) from => _,
            len = in(reg) len,
            out("lr") _,
            out("d0") _, out("d1") _,
            options(nostack)
        );
    }
}
