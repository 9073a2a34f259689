//! Quantizes a trained network into one blob for the runtime.
//!
//! Each module imports only from those above it:
//!
//! ```text
//! float      best.mpk → plain weights, batch normalisation folded; the float forward pass
//! quantize   real numbers → integers: layers, multipliers, GELU tables
//! calibrate  the range of every site over training images
//! assemble   weights and ranges → the bytes of a blob
//! blob       reads and describes a blob; writes the Rust module for firmware
//! verify     compares the integer network with the float network
//! tune       finds ranges by trial, corrects biases; the whole quantization
//! descriptor fits the descriptor head, with which a blob makes fingerprints
//! index      makes an index of pictures
//! retrieval  measures how well a search finds images of one class
//! evidence   measures where a network finds the evidence for a class
//! report     a page about a blob
//! web        a page that runs a blob in a browser
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
pub mod web;

pub use tune::{Counter, Method, Phase, quantize, unwatched};
