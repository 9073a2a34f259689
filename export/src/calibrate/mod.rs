//! What the float network's activations were over the calibration images.

mod histogram;
mod observer;
mod ranges;

pub use histogram::Histogram;
pub use observer::Observer;
pub use ranges::Ranges;
pub use trainer::quantize::Range;
