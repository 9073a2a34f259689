//! Instructions and loops for Armv6-M (Cortex-M0, M0+), which has eight low registers.
//!
//! [`products`] keeps the sums of four rows in high registers: an addition to them is possible, and nothing else
//! that the loop needs. So the low registers are free for the values of four rows, which one `ldm` loads.

mod products;
mod word;

pub(super) use products::{columns, rows};
pub(super) use word::{reciprocal, sign, upper};

/// Name of the set.
pub(super) const NAME: &str = "armv6m";
/// A value of four interleaved rows: a word, because `ldm` loads words.
pub(super) type Wide = i32;
/// Channels whose sums are computed together.
pub(super) const CHANNELS: usize = 1;
/// Maximum number of inputs that are interleaved together: half a KB of stack.
pub(super) const CHUNK: usize = 32;
/// Channels whose sums are kept until all inputs are multiplied.
pub(super) const GROUP: usize = 16;
