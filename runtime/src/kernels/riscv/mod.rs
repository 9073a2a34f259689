//! Instructions and loops for RISC-V with 32 bits and multiplication (RV32IM).
//!
//! [`rows`] and [`columns`] keep the sums of four tokens and four channels in registers: eight loads for
//! sixteen products. [`rows`] uses every register that a program may use.

mod columns;
mod rows;
mod word;

pub(super) use columns::columns;
pub(super) use rows::{CHANNELS, rows};
pub(super) use word::{reciprocal, sign, upper};

/// Name of the set.
pub(super) const NAME: &str = "rv32";
/// A value of four interleaved rows.
pub(super) type Wide = i8;
/// Maximum number of inputs that are interleaved together: 1.7 KB of stack.
pub(super) const CHUNK: usize = 432;
/// Channels whose sums are kept until all inputs are multiplied.
pub(super) const GROUP: usize = 32;
