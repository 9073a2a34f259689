//! Loops below the operations, and the only unsafe code here: calls of a matrix product that takes
//! pointers, of functions that need vector instructions, and of the allocator.

pub(super) mod matmul;
pub(super) mod memory;
pub(super) mod vectorised;
