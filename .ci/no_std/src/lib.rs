//! Links the runtime as a device does: without std, without a heap, without unwinding.
//!
//! The compiler is the judge, on any host. If the runtime or one of its dependencies used std,
//! there would be two panic handlers; if one used `alloc`, a global allocator would be missing.
//! Either ends the build with an error.

#![no_std]

use runtime as _;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
