//! Marks for the instruction counter (`host/count.c`): instructions that do nothing.

/// Starts a region.
#[inline(always)]
pub fn start() {
    // SAFETY: the instruction copies a register to itself, or adds to the register that is zero.
    unsafe {
        #[cfg(target_arch = "arm")]
        core::arch::asm!("mov r10, r10", options(nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        core::arch::asm!("addi x0, x0, 10", options(nostack));
    }
}

/// Ends the region and starts the next. It is not inlined: in code for Cortex-M33, one of the inlined
/// marks was never counted.
#[inline(never)]
pub fn next() {
    stop();
    start();
}

/// Ends the region.
#[inline(always)]
pub fn stop() {
    // SAFETY: as in [`start`].
    unsafe {
        #[cfg(target_arch = "arm")]
        core::arch::asm!("mov r11, r11", options(nostack, preserves_flags));
        #[cfg(target_arch = "riscv32")]
        core::arch::asm!("addi x0, x0, 11", options(nostack));
    }
}
