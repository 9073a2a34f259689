//! `export best.mpk model.bin`, `export inspect model.bin`, `export evaluate model.bin`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        // Nothing asked for: teach instead of naming a missing argument.
        let _ = cli::Cli::command().print_help();
        return ExitCode::from(2);
    }
    trainer::say::exit_code(cli::run(cli::Cli::parse()))
}
