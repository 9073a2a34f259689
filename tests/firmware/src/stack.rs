//! Measures the stack. The start fills it with a pattern; the end finds how much of it was overwritten.

use core::ptr;

const PAINT: u32 = 0xC0DE_57AC;
/// Bytes below the stack pointer that are not painted, because [`paint`] itself may use them.
const MARGIN: usize = 256;

unsafe extern "C" {
    /// End of static memory.
    static mut __sheap: u32;
    /// Where the stack begins; it grows down.
    static mut _stack_start: u32;
}

/// Paints everything between static memory and the stack in use.
#[inline(never)]
pub fn paint() {
    let mut at = &raw mut __sheap;
    let here = 0u32;
    let end = (&raw const here as usize).saturating_sub(MARGIN);
    while (at as usize) < end {
        // SAFETY: nothing owns the memory between static memory and the stack.
        unsafe { ptr::write_volatile(at, PAINT) };
        at = at.wrapping_add(1);
    }
}

/// The largest number of bytes of stack in use at any time since [`paint`].
#[inline(never)]
pub fn high_water() -> usize {
    let mut at = &raw const __sheap;
    let top = &raw const _stack_start as usize;
    // SAFETY: as in [`paint`]; the loop ends below the start of the stack.
    while (at as usize) < top && unsafe { ptr::read_volatile(at) } == PAINT {
        at = at.wrapping_add(1);
    }
    top - at as usize
}
