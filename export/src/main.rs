//! `export best.mpk model.bin`, `export inspect model.bin`, `export evaluate model.bin`.

mod cli;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        // Nothing asked for: teach instead of naming a missing argument.
        let _ = cli::Cli::command().print_help();
        return ExitCode::from(2);
    }
    match cli::run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
