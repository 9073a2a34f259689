//! Marks for the instruction counter (`tests/firmware/host/count.c`): instructions that do nothing.

/// Starts a region.
#[inline(always)]
pub fn start() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the instruction copies a register to itself.
    unsafe {
        std::arch::asm!("mov x10, x10", options(nostack, preserves_flags));
    }
}

/// Ends the region.
#[inline(always)]
pub fn stop() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the register keeps its value, and the instruction has no other effect.
    unsafe {
        std::arch::asm!("mov x11, x11", options(nostack, preserves_flags));
    }
}
