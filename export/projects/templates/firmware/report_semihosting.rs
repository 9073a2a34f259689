//! Reports to the computer that emulates this board. A product reports to its user.

use crate::Found;
use crate::semihosting::{exit, hexadecimal, number, text};

/// Status of a network or an image that this program cannot use.
const UNUSABLE: usize = 1;
/// Status of a panic. No panic is reachable in the runtime, but you may add one.
const PANIC: usize = 101;

/// Reports a class, and ends the emulation.
pub fn found(found: &Found) -> ! {
    text(c"class", found.class);
    number(c"percent", found.percent as usize);
    hexadecimal(c"hash", found.hash);
    exit(0)
}

/// Reports that there is no class, and ends the emulation.
pub fn fault() -> ! {
    exit(UNUSABLE)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(PANIC)
}
