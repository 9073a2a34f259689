//! The runtime for programs that are not in Rust: functions for C, and for every language that can call C.
//!
//! `include/ocelli.h` is made from the sources of this crate and has the documentation for callers.
//! `tests/c/run` checks that it is current.
//!
//! # Memory of the caller
//! A function of this crate gets pointers and cannot know whether they are valid. It checks what can be
//! checked: null, alignment, lengths, overlap, and whether an object was made by the call that makes it. The
//! caller promises the rest. These promises stand at the head of the header. The `SAFETY` comments call them
//! *the rules of the header*.

#![no_std]
#![allow(
    clippy::missing_safety_doc,
    reason = "the rules are the same for all functions and stand at the head of the header"
)]

mod attributes;
mod descriptor;
mod index;
mod index_write;
#[cfg(all(target_arch = "wasm32", target_pointer_width = "32"))]
mod layout;
mod memory;
mod model;
mod object;
mod output;
mod run;
mod status;
mod stream;
mod text;

pub use attributes::*;
pub use descriptor::*;
pub use index::*;
pub use index_write::*;
pub use model::*;
pub use output::*;
pub use run::*;
pub use status::*;
pub use stream::*;
pub use text::OcelliText;

/// No panic is reachable. `.ci/run c` looks for one in the linked library.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
