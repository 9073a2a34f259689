//! The permission for AMX, which Linux gives to a process that asks for it.

use core::arch::asm;

/// Asks for the permission. Linux refuses it if a signal stack of the process is too small for the registers.
pub(super) fn request() -> bool {
    const ARCH_PRCTL: usize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let result: isize;
    // SAFETY: this system call changes only what the process may use, and writes none of its memory.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}
