//! What tests of every crate and target share.
//!
//! Without the feature `std`, it needs no heap and runs on boards: random numbers, the hashes of the golden
//! files, operands of kernels and the comparison of every kernel set with the scalar one. The feature `std`
//! adds random networks and damage to their blobs; `embedded` adds the test images that come with the
//! trainer.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

pub mod conformance;
pub mod draw;
pub mod explained;
pub mod fnv;
pub mod image;
pub mod memory;
pub mod operands;
pub mod rng;

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "std")]
pub mod f16_network;
#[cfg(feature = "flash")]
pub mod flash;
#[cfg(feature = "std")]
pub mod hostile;
#[cfg(feature = "std")]
pub mod index;
#[cfg(feature = "std")]
pub mod mutation;
#[cfg(feature = "std")]
pub mod network;
#[cfg(feature = "std")]
pub mod planted;
#[cfg(feature = "std")]
pub mod sealed;
#[cfg(feature = "std")]
pub mod smallest;
#[cfg(feature = "std")]
pub mod specs;
#[cfg(feature = "std")]
pub mod synthetic;
