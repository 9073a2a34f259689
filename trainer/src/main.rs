//! `trainer`: trains a network, evaluates it, and prints its layers.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use trainer::cli::Cli;

/// Keeps freed memory: a step allocates and frees a hundred megabytes, which the C library's
/// allocator gives back to the system and asks for again, a page fault for every 4 KiB.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Cli::from_arguments().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
