//! Runs quantized vision transformers in integers: no `std`, no heap, no floats.
//!
//! ```text
//! image u8 [h, w, 3]
//!   → stem or patches → embedding      i16 [tokens, dim], the residual stream
//!   → depth × block                    norm → attention → add → norm → MLP → add
//!   → last norm → pool → class head    i8 embedding, i32 logits
//! ```
//!
//! [`Model::parse`] checks a blob once and completely and borrows its weights; [`Model::run`] needs
//! the image and a slice of memory whose size [`config::VitConfig::arena_len`] gives. [`integer`]
//! defines every bit of the result, [`format`] every byte of the blob.
//!
//! # Invariants
//! - Nothing allocates, nothing is a float, and nothing panics on any blob or image.
//! - Every kernel set returns the bits of [`kernels::scalar`].
//! - After [`Model::parse`] nothing can fail on a blob's content.
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
pub mod config;
pub mod error;
pub mod fixed;
pub mod format;
mod forward;
pub mod frame;
mod invariant;
pub mod kernels;
mod model;
mod network;
mod rows;
pub mod site;
#[doc(hidden)]
pub mod window;

/// The meaning of every stage.
#[doc = include_str!("../docs/INTEGER.md")]
pub mod integer {}

#[cfg(feature = "f16")]
pub use arithmetic::F16;
pub use arithmetic::{Arithmetic, Int8};
pub use error::{FormatError, RunError};
pub use kernels::Kernels;
pub use model::{Model, Output, Ranked, Step};
