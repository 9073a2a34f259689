//! Building blocks of the operations, and the only unsafe code of this crate: calls of a matrix product
//! that takes pointers, of functions that need vector instructions, and of the allocator, and
//! uninitialised memory.

pub(super) mod matmul;
pub(super) mod memory;
pub(super) mod parts;
pub(super) mod vectorised;
