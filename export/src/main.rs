//! The program `export`: quantizes a checkpoint, and examines and measures blobs. `cli` has its commands.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        // Without arguments, clap would only report that one is missing. The help explains all of them.
        let _ = cli::Cli::command().print_help();
        return ExitCode::from(2);
    }
    trainer::say::exit_code(cli::run(cli::Cli::parse()))
}
