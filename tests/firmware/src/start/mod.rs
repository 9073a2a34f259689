//! From reset to `main`, and what happens when something goes wrong.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;

use crate::semihosting;

/// Status of a panic. In this firmware no panic is reachable, but a copy of it may add one.
const PANIC: usize = 101;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::exit(PANIC)
}
