//! A network in eight bits: its weights as integers and the values these stand for, and a simulation in
//! float. A network is trained with the simulation. The exporter stores the same integers, and measures
//! with the simulation how much accuracy each site costs.
//!
//! The simulation leaves out the rounding of rescales and the rounding within the last normalisation. Both
//! are finer than its own arithmetic.

mod affine;
mod layer;
mod modules;
mod pixels;
mod range;
mod rounding;
mod simulation;
mod sites;
mod stored;
mod weights;

pub use affine::Affine;
pub use layer::{Layer, Scaling};
pub use modules::{conv_norm, depthwise, layer_norm, linear};
pub use pixels::Pixels;
pub use range::Range;
pub use rounding::{Rounded, Sharing, round, weight_steps};
pub use simulation::{CALIBRATION_IMAGES, Simulation};
pub use sites::{fake_quant, has_eight_bits, is_rounded, is_stream};
pub use stored::Stored;
