//! `trainer`: trains a network, evaluates it, and prints its layers.

mod memory;

use std::process::ExitCode;

use trainer::cli::Cli;

fn main() -> ExitCode {
    memory::keep_freed_memory();
    match Cli::from_arguments().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
