//! What makes the integer network come closer to the float one: ranges by trial, and biases.
//!
//! Both assemble whole blobs, run them and compare, so that this stands above everything they use.

mod bias;
mod method;
mod search;

pub use bias::correct_biases;
pub use method::{Counter, Method, Phase, quantize, unwatched};
