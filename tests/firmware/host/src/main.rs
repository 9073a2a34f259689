//! Builds the firmware for each board, runs it in an emulator, compares its results with those of this
//! computer, and prints a line for each board and network.
//!
//! ```text
//! run [--images N] [--layers] [--explain] [--search] [--conformance] [--c] [--f16] [BOARD]... [PRESET]...
//! ```

mod board;
mod budget;
mod c;
mod elf;
mod emulator;
mod explain;
mod f16;
mod known;
mod layers;
mod preset;
mod program;
mod report;
mod toolchain;

use anyhow::{Result, bail};
use board::Board;
use preset::Blob;
use report::Job;
use std::process::ExitCode;

/// The settings of the command line.
struct Request {
    boards: Vec<&'static Board>,
    /// If empty, every blob that fits into the board.
    blobs: Vec<Blob>,
    job: Job,
}

fn main() -> ExitCode {
    match request(std::env::args().skip(1)).and_then(|request| run(&request)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns `true` if no line reports a fault.
fn run(request: &Request) -> Result<bool> {
    let mut good = true;
    report::header(&request.job);
    for board in &request.boards {
        good &= report::board(board, &request.blobs, &request.job)?;
    }
    Ok(good)
}

fn request(mut words: impl Iterator<Item = String>) -> Result<Request> {
    let mut request =
        Request { boards: Vec::new(), blobs: Vec::new(), job: Job::Classify { images: 10 } };
    while let Some(word) = words.next() {
        if let Some(blob) = Blob::ALL.into_iter().find(|blob| blob.name() == word) {
            request.blobs.push(blob);
            continue;
        }
        match (word.as_str(), Board::by_name(&word)) {
            (_, Some(board)) => request.boards.push(board),
            ("--images", _) => match words.next().and_then(|count| count.parse().ok()) {
                Some(images @ 1..) => request.job = Job::Classify { images },
                _ => bail!("--images needs a number of at least 1"),
            },
            ("--explain", _) => request.job = Job::Explain,
            ("--search", _) => request.job = Job::Search,
            ("--layers", _) => request.job = Job::Layers,
            ("--conformance", _) => request.job = Job::Conformance,
            ("--c", _) => request.job = Job::C,
            ("--f16", _) => request.job = Job::F16,
            _ => bail!(
                "unknown board, preset or option {word}; boards: {}",
                Board::ALL.map(|board| board.name).join(" ")
            ),
        }
    }
    if request.boards.is_empty() {
        request.boards = Board::ALL.iter().collect();
    }
    Ok(request)
}
