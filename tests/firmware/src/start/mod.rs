//! From reset to `main`, and what happens when something goes wrong.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;

use crate::semihosting;

/// Status of a panic; no panic is reachable, so this is for what a copy of this firmware adds.
const PANIC: usize = 101;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    semihosting::exit(PANIC)
}
