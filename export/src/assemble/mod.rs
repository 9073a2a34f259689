//! A whole network to one blob.

mod block;
mod bytes;
mod head;
mod int8;
mod f16;
mod scales;
mod stem;
mod write;

pub use int8::{Quantized, assemble};
pub use f16::assemble_f16;
