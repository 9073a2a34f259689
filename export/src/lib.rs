//! Quantizes a trained network into one blob for the runtime.
//!
//! Each module imports only from those above it:
//!
//! ```text
//! float      best.mpk → plain weights, batch normalisation folded; the float forward pass
//! quantize   real numbers → integers: layers, multipliers, GELU tables
//! calibrate  the ranges of every site over training images
//! assemble   weights and ranges → the bytes of a blob
//! blob       a blob parsed, described, carried into firmware
//! verify     the integer network beside the float one
//! tune       ranges by trial and corrected biases; the whole quantization
//! descriptor how a blob makes fingerprints, fitted to training images
//! index      an index of pictures
//! retrieval  how well a search finds images of one class, measured
//! evidence   where a blob sees the evidence for its classes, measured
//! report     a page about a blob
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod assemble;
pub mod blob;
pub mod calibrate;
pub mod descriptor;
pub mod evidence;
pub mod float;
pub mod index;
pub mod quantize;
pub mod report;
pub mod retrieval;
pub mod tune;
pub mod verify;

pub use tune::{Counter, Method, Phase, quantize, unwatched};
