//! The float network: from a checkpoint to plain numbers, and its forward pass.

mod checkpoint;
mod net;

pub(crate) use checkpoint::argmax;
pub use checkpoint::{Backend, FloatModel};
pub use net::{FloatBlock, FloatNet};
pub use trainer::quantize::{Layer, Scaling};
