//! From reset to `main`, and the handling of faults and panics.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;

use crate::semihosting;

/// Status of a panic. In this firmware no panic is reachable, but firmware that copies this code may add
/// one.
const PANIC: usize = 101;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::exit(PANIC)
}
