//! The activations of the float network on the calibration images.

mod histogram;
mod observer;
mod ranges;

pub use histogram::Histogram;
pub use observer::Observer;
pub use ranges::Ranges;
pub use trainer::quantize::Range;
