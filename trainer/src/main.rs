//! `trainer`: trains a network, evaluates it, and prints its layers.

use std::process::ExitCode;

use trainer::cli::Cli;

fn main() -> ExitCode {
    match Cli::from_arguments().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
