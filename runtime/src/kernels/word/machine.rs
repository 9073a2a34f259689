//! What differs between the processors of this set: loops of products, arithmetic of single words, and sizes.

#[cfg(target_arch = "arm")]
pub(super) use crate::kernels::armv6m::{
    CHANNELS, CHUNK, GROUP, NAME, Wide, columns, reciprocal, rows, sign, upper,
};
#[cfg(target_arch = "riscv32")]
pub(super) use crate::kernels::riscv::{
    CHANNELS, CHUNK, GROUP, NAME, Wide, columns, reciprocal, rows, sign, upper,
};
