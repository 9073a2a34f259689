//! Trains the networks of the Ocelli family with burn.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod attributes;
pub mod average;
pub mod backend;
pub mod checkpoint;
pub mod cli;
pub mod curves;
pub mod data;
pub mod eval;
pub mod evidence;
mod gradients;
pub mod import;
pub mod metrics;
pub mod model;
mod optimiser;
pub mod progress;
pub mod quantize;
pub mod recipe;
pub mod report;
mod run_directory;
pub mod say;
pub mod schedule;
pub mod shipped;
pub mod summary;
pub mod sweep;
pub mod train;
