//! The float network: from a checkpoint to plain numbers, and its forward pass.

mod checkpoint;
mod net;

pub use checkpoint::{Backend, FloatModel};
pub use net::{FloatBlock, FloatConv, FloatLinear, FloatNet, FloatNorm};
