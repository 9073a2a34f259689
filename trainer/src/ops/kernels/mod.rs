//! Loops below the operations, and the only unsafe code here: calls of a matrix product that takes
//! pointers, and of functions that need vector instructions.

pub(super) mod matmul;
pub(super) mod vectorised;
