//! Building blocks of the operations, and the only unsafe code of this crate. The unsafe code calls a
//! matrix product that takes pointers, functions and assembly that need vector or tile instructions, and the
//! allocator. It also uses uninitialised memory.

#[cfg(target_arch = "x86_64")]
mod bf16;
pub(super) mod matmul;
pub(super) mod matrix;
pub(super) mod memory;
pub(super) mod parts;
pub(super) mod precision;
pub(super) mod vectorised;
