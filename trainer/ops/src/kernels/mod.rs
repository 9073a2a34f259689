//! Building blocks of the operations, and the only unsafe code of this crate. The unsafe code calls a
//! matrix product that takes pointers, functions that need vector instructions, and the allocator. It also
//! uses uninitialised memory.

pub(super) mod matmul;
pub(super) mod memory;
pub(super) mod parts;
pub(super) mod vectorised;
