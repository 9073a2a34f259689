//! `trainer`: trains a network, evaluates it, and prints its layers.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use trainer::cli::Cli;
use trainer::say;

/// A training step allocates and frees a hundred megabytes. The C library's allocator would return them to
/// the system and request them again, with a page fault for every 4 KiB.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    ops::keep_freed_memory();
    say::exit_code(Cli::from_arguments().run())
}
