//! An arithmetic is the types of numbers that a network computes with, and the operations on them.
//! Description, arena, reader and forward pass are the same for every arithmetic.
//!
//! [`Int8`] is the integer network of `INTEGER.md`. [`F16`], behind the feature `f16`, has the
//! same stages with f16 weights and f32 activations, for processors with a floating-point unit.
//!
//! [`Arithmetic`] is sealed: no other crate can name the traits that it consists of.

#[cfg(feature = "f16")]
mod f16;
mod int8;
mod operations;
mod read;
mod types;

#[cfg(feature = "f16")]
pub use f16::F16;
pub use int8::Int8;
pub(crate) use int8::StoredLinear;

use operations::Operations;
pub(crate) use read::FromRecords;
pub(crate) use types::{LayerShape, Types};

/// One way to compute the stages of a network. Sealed.
pub trait Arithmetic: FromRecords + Operations {}

impl<A: FromRecords + Operations> Arithmetic for A {}
