//! Code that all firmware programs share. The program that checks them shares [`images`], [`picture`] and
//! [`known`].
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[cfg(target_os = "none")]
pub mod count;
pub mod images;
pub mod known;
pub mod picture;
#[cfg(target_os = "none")]
pub mod semihosting;
#[cfg(target_os = "none")]
pub mod stack;
#[cfg(target_os = "none")]
pub mod start;
