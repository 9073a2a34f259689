//! Placeholder head.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

pub mod config;
pub mod error;
pub mod site;
