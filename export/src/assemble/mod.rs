//! Assembles a network into one blob.

mod attributes;
mod block;
mod bytes;
mod f16;
mod head;
mod int8;
mod scales;
mod stem;
mod write;

pub use f16::assemble_f16;
pub use int8::{Quantized, assemble};
