//! Brings the integer network closer to the float network: finds ranges by trial, and corrects biases.
//!
//! Both steps assemble whole blobs, run them and compare them.

mod bias;
mod method;
mod search;

pub use bias::correct_biases;
pub use method::{Counter, Method, Phase, quantize, unwatched};
