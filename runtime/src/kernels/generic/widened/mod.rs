//! Loops over values that are widened to i16, for processors with vectors and a stack of some hundred
//! kilobytes. Other processors read weights in place.

pub(super) mod attention;
pub(super) mod depthwise;
pub(super) mod linear;
mod panel;
mod requants;
