//! Loops below the operations, and the only unsafe code here: calls of a matrix product that takes
//! pointers, of functions that need vector instructions, of the allocator, and values that are there
//! before they are written.

pub(super) mod matmul;
pub(super) mod memory;
pub(super) mod parts;
pub(super) mod vectorised;
