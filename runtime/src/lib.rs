//! Runs quantized vision transformers in integers: no `std`, no heap, no floats.
//!
//! ```text
//! image u8 [h, w, 3]
//!   → stem or patches → embedding      i16 [tokens, dim], the residual stream
//!   → depth × block                    norm → attention → add → norm → MLP → add
//!   → last norm → pool → class head    i8 embedding, i32 logits
//! ```
//!
//! A network is a *blob*: bytes that `export` writes. [`Model::parse`] checks a blob once and completely,
//! and borrows its weights. [`Model::run`] needs the image and an *arena*: a slice of memory of
//! [`Model::arena_len`] bytes, whose contents do not matter before a call.
//!
//! # Example
//! ```
//! use runtime::Model;
//! use std::error::Error;
//!
//! /// The class of an image of 32 × 32 pixels: bytes row by row, red, green and blue of each pixel.
//! fn classify(blob: &[u8], image: &[u8]) -> Result<usize, Box<dyn Error>> {
//!     let model = Model::parse(blob)?;
//!     let mut arena = vec![0; model.arena_len()];
//!     Ok(model.run(image, &mut arena)?.class())
//! }
//! # let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/v1/micro.bin");
//! # let blob = std::fs::read(golden).unwrap();
//! # assert!(classify(&blob, &[128; 32 * 32 * 3]).unwrap() < 10);
//! ```
//!
//! A device has no heap. There, the arena is an array whose length is known when the program is compiled:
//! `export --rust model.rs` writes a module with the blob and its `ARENA_LEN`. The directory `examples` has
//! programs that fit on a screen: `no_std`, `camera_frame` and `one_stage_a_call`.
//!
//! [`Output::evidence`] says where in the image the network found a class, and [`explain`] finds objects in
//! that map. [`Attributes`] are properties besides the class. [`Descriptor`] makes fingerprints of images,
//! and [`search`] finds the nearest known image. [`camera`] makes the image from a frame of a camera.
//!
//! # Features
//! None is on by default.
//!
//! | feature | adds | needs |
//! |---|---|---|
//! | `std` | on 64-bit Arm, asks the operating system for the processor's instructions, for faster kernels | `std` |
//! | `rayon` | `Model::run_batch`, many images on all cores | `std`, crate `rayon` |
//! | `write` | `format::write`, for programs that make blobs | |
//! | `enrol` | `search::Enrolled`, entries that a device adds in its flash | crate `embedded-storage` |
//! | `f16` | `Model::parse_f16` and the arithmetic `F16`: f16 weights, f32 activations | crate `libm` |
//! | `defmt` | `defmt::Format` for errors, outputs and descriptions | crate `defmt` |
//!
//! # Rust version
//! Rust 1.92 or newer, stable. A newer version is not a breaking change.
//!
//! # Guarantees
//! - Nothing allocates and nothing panics, for any bytes of the blob and of the image. Int8 has no floats.
//! - Every kernel set returns the same bits, on every processor. [`integer`] defines each of them,
//!   [`format`](mod@format) every byte of a blob.
//! - After [`Model::parse`] nothing can fail because of what the blob holds.
//!
//! Public items that are not listed here are for the other crates of the workspace. They can change in
//! any version.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::std_instead_of_core,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

#[cfg(all(feature = "std", not(test)))]
extern crate std;

mod arithmetic;
pub mod camera;
pub mod config;
pub mod error;
pub mod explain;
#[doc(hidden)]
pub mod fixed;
pub mod format;
mod forward;
mod invariant;
#[doc(hidden)]
pub mod kernels;
mod model;
mod network;
mod ranks;
mod rows;
pub mod search;
pub mod site;
#[doc(hidden)]
pub mod window;

/// The meaning of every stage.
#[doc = include_str!("../docs/INTEGER.md")]
pub mod integer {}

/// The meaning of every stage of a network with f16 weights.
#[cfg(feature = "f16")]
#[doc = include_str!("../docs/F16.md")]
pub mod float {}

#[cfg(feature = "f16")]
pub use arithmetic::F16;
pub use arithmetic::{Arithmetic, Int8};
pub use error::{EvidenceError, FormatError, RunError};
pub use kernels::Kernels;
#[cfg(feature = "f16")]
pub use kernels::f16::F16Kernels;
#[cfg(feature = "write")]
#[doc(hidden)]
pub use model::{AppendError, append_head, descriptor_record};
pub use model::{
    Attribute, Attributes, Described, Descriptor, DescriptorStream, Model, Output, Ranked, Step,
    Stream,
};
