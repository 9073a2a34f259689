//! The float network: reads a checkpoint, gives its weights as plain numbers, and runs its forward pass.

mod checkpoint;
mod net;

pub(crate) use checkpoint::argmax;
pub use checkpoint::{Backend, FloatModel};
pub use net::{FloatBlock, FloatNet};
pub use trainer::quantize::{Layer, Scaling};
