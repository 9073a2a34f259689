//! Instructions that kernels are measured against.

pub mod limit;
