//! A line for each board, blob and program.

use crate::board::Board;
use crate::budget::{self, Budget};
use crate::c;
use crate::elf::Elf;
use crate::emulator::{self, Transcript};
use crate::explain;
use crate::f16;
use crate::known;
use crate::layers::{self, Layer};
use crate::preset::Blob;
use crate::program::{Answer, Program};
use crate::toolchain::{self, Build};
use anyhow::{Context, Result};
use runtime::Model;
use std::path::Path;

/// What is done with each board.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    /// Classify that many images.
    Classify {
        /// Test images.
        images: usize,
    },
    /// Count every layer.
    Layers,
    /// Find where in ten test images their classes are, and which attributes they have.
    Explain,
    /// Search an index, and learn images.
    Search,
    /// Compare every kernel set with the scalar one.
    Conformance,
    /// Classify ten test images with a firmware in C.
    C,
    /// Classify test images with a network that has f16 weights.
    F16,
}

/// Number of images of [`Job::Explain`].
const IMAGES: usize = 10;

/// The kinds of cases in the comparison of kernels, and for each kind the number of cases that fit into the
/// memory of every board.
const COMPARED: [(&str, usize); 5] =
    [("linear", 2800), ("depthwise", 189), ("norms", 190), ("attention", 210), ("heads", 57)];

/// The same for the arithmetic `F16`, on boards with a floating-point unit.
const COMPARED_F16: [(&str, usize); 4] =
    [("f16-linear", 2700), ("f16-depthwise", 189), ("f16-norms", 170), ("f16-attention", 190)];

/// Column heads.
pub fn header(job: &Job) {
    match job {
        Job::Classify { .. } => println!(
            "{:<14} {:<11} {:<8} {:<8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>6} {:>12} {:>6} {:>6}  {:<16} ok",
            "board",
            "core",
            "preset",
            "program",
            "flash",
            "code",
            "runtime",
            "RAM",
            "stack",
            "frame",
            "instructions",
            "/MAC",
            "linear",
            "logits hash"
        ),
        Job::Layers => println!(
            "{:<24} {:>10} {:>6} {:>12} {:>6}",
            "site", "MACs", "k", "instructions", "/MAC"
        ),
        Job::Explain => println!(
            "{:<14} {:<11} {:<8} {:>8} {:>7} {:>7} {:>7} {:>12} {:>12} {:<16} ok",
            "board",
            "core",
            "preset",
            "flash",
            "code",
            "RAM",
            "stack",
            "objects",
            "attributes",
            "hash"
        ),
        Job::C => println!(
            "{:<14} {:<11} {:<8} {:>8} {:>8} {:>6} {:>7} {:>12}  {:<16} ok",
            "board",
            "core",
            "preset",
            "flash",
            "in Rust",
            "more",
            "RAM",
            "instructions",
            "logits hash"
        ),
        Job::F16 => println!(
            "{:<14} {:<11} {:>8} {:>7} {:>7} {:>7} {:>12} {:>6} {:<16} ok",
            "board", "core", "flash", "code", "RAM", "stack", "instructions", "/MAC", "logits hash"
        ),
        Job::Search => println!(
            "{:<14} {:<11} {:<8} {:>8} {:>7} {:>7} {:>9}{:>9}{:>9} {:<16} ok\n{:>60} {:>9}{:>9}{:>9}",
            "board",
            "core",
            "program",
            "flash",
            "code",
            "RAM",
            "vectors",
            "codes",
            "stages",
            "hash",
            "enrol:",
            "add",
            "search",
            ""
        ),
        Job::Conformance => println!("{:<14} {:<11} sets cases differences ok", "board", "core"),
    }
}

/// Does the job on one board. Returns `true` if there was no fault.
pub fn board(board: &Board, blobs: &[Blob], job: &Job) -> Result<bool> {
    let target = toolchain::target_directory();
    std::fs::create_dir_all(&target).with_context(|| target.display().to_string())?;
    if matches!(job, Job::F16) {
        return f16::board(board);
    }
    let programs = match job {
        Job::Classify { .. } => &Program::ALL[..],
        Job::Layers | Job::Explain | Job::Search | Job::Conformance | Job::C | Job::F16 => {
            &[Program::Classify]
        }
    };
    let mut good = true;
    for &program in programs {
        for &blob in board.blobs(program) {
            if !blobs.is_empty() && !blobs.contains(&blob) {
                continue;
            }
            let path = match job {
                Job::Explain => blob.full(&target)?,
                _ => blob.path(&target)?,
            };
            good &= match *job {
                Job::Classify { images } => classify(board, (blob, program), &path, images)?,
                Job::Layers => print_layers(board, blob, &path)?,
                Job::Explain => explain::board(board, (blob.name(), &path), IMAGES)?,
                Job::Search => return known::board(board, &board.known.path(&target)?),
                Job::C => c::board(board, blob, &path)?,
                Job::Conformance => return conformance(board, &path),
                // Done above, because its blob is not one of the board's.
                Job::F16 => true,
            };
        }
    }
    Ok(good)
}

fn classify(
    board: &Board,
    (blob, program): (Blob, Program),
    path: &Path,
    images: usize,
) -> Result<bool> {
    let bytes = std::fs::read(path)?;
    let model = Model::parse(&bytes).context("cannot read the blob")?;
    let file = toolchain::build(&Build {
        board,
        blob: path,
        index: None,
        program: program.name(),
        sites: false,
        f16: false,
    })?;
    let elf = Elf::read(&file)?;
    let run = emulator::run(board, &file, images)?;
    let linear = match program {
        Program::Classify => {
            Some(layers::ratio(&counted(board, path, &model)?, |work| work.k.is_some()))
        }
        Program::Camera => None,
    };
    let macs = model.config().macs();
    let counts = run.images(program.regions());
    let most = counts.iter().copied().max().unwrap_or(0);
    let whole = most as f64 / macs as f64;
    let stack: usize = run.value("stack").and_then(|value| value.parse().ok()).unwrap_or(0);
    let code = elf.flash - bytes.len() - program.images_len();
    let runtime = code - elf.own;
    let ram = elf.ram + stack;

    let mut faults = compared(&run, &counts, &program.answer(&model, images)?);
    let frame = elf.largest_frame.unwrap_or(0);
    if frame == 0 {
        faults.push("the compiler counted no stack frames".into());
    }
    let part = (program != Program::Classify).then(|| program.name());
    let budget = Budget::read(board.name, blob.name(), part)?;
    let mut within = |what, found, limit| faults.extend(budget::excess(what, found, limit));
    within("code", code as f64, budget.code.map(|limit| limit as f64));
    within("runtime code", runtime as f64, budget.runtime.map(|limit| limit as f64));
    within("RAM", ram as f64, budget.ram.map(|limit| limit as f64));
    within("instructions a MAC", whole, budget.whole);
    within("instructions a linear MAC", linear.unwrap_or(0.0), budget.linear);
    let unwanted = elf.unwanted();
    if !unwanted.is_empty() {
        faults.push(format!("unwanted symbols: {}", unwanted.join(" ")));
    }
    println!(
        "{:<14} {:<11} {:<8} {:<8} {:>8} {code:>7} {runtime:>7} {ram:>7} {stack:>7} {frame:>6} {most:>12} \
         {whole:>6.3} {:>6}  {:<16} {}",
        board.name,
        board.core,
        blob.name(),
        program.name(),
        elf.flash,
        linear.map_or_else(|| "-".into(), |linear| format!("{linear:.3}")),
        run.value("hash").unwrap_or("-"),
        if faults.is_empty() { "ok" } else { "FAILED" }
    );
    for fault in &faults {
        eprintln!("{}, {}, {}: {fault}", board.name, blob.name(), program.name());
    }
    Ok(faults.is_empty())
}

/// The faults of a run that took `counts` instructions for its images.
fn compared(run: &Transcript, counts: &[u64], expected: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if !run.success {
        faults.push("the firmware did not end with success".into());
    }
    if run.value("hash") != Some(&expected.hash) {
        faults.push(format!("hash {:?}, on this computer {}", run.value("hash"), expected.hash));
    }
    if run.values("class") != expected.classes {
        faults.push("other classes than on this computer".into());
    }
    let (least, most) = (counts.iter().min(), counts.iter().max());
    if counts.len() != expected.classes.len() || least != most {
        faults.push(format!(
            "{} counts for {} images, from {least:?} to {most:?}",
            counts.len(),
            expected.classes.len()
        ));
    }
    faults
}

/// Runs one image with every site marked.
fn counted(board: &Board, path: &Path, model: &Model<'_>) -> Result<Vec<Layer>> {
    let file = toolchain::build(&Build {
        board,
        blob: path,
        index: None,
        program: "classify",
        sites: true,
        f16: false,
    })?;
    let run = emulator::run(board, &file, 1)?;
    layers::layers(model, &run.instructions)
}

fn print_layers(board: &Board, blob: Blob, path: &Path) -> Result<bool> {
    let bytes = std::fs::read(path)?;
    let model = Model::parse(&bytes).context("cannot read the blob")?;
    println!("{}, {}", board.name, blob.name());
    for layer in counted(board, path, &model)? {
        let (macs, k, ratio) = match layer.work {
            Some(work) => (
                work.macs.to_string(),
                work.k.map_or_else(String::new, |k| k.to_string()),
                format!("{:.3}", layer.instructions as f64 / work.macs as f64),
            ),
            None => <_>::default(),
        };
        println!("{:<24} {macs:>10} {k:>6} {:>12} {ratio:>6}", layer.name, layer.instructions);
    }
    Ok(true)
}

fn conformance(board: &Board, path: &Path) -> Result<bool> {
    if !board.compares {
        eprintln!("{}: SKIPPED, its memory does not hold the operands", board.name);
        return Ok(true);
    }
    let f16 = board.has_floats();
    let program = "conformance";
    let build = Build { board, blob: path, index: None, program, sites: false, f16 };
    let run = emulator::run(board, &toolchain::build(&build)?, 0)?;
    let compared = COMPARED.iter().chain(COMPARED_F16.iter().filter(|_| f16));
    let cases: Vec<_> = compared
        .map(|&(name, least)| {
            let cases: usize = run.value(name).and_then(|value| value.parse().ok()).unwrap_or(0);
            (cases, cases >= least)
        })
        .collect();
    let enough = cases.iter().all(|&(_, enough)| enough);
    let good = run.success && enough && run.value("differences") == Some("0");
    println!(
        "{:<14} {:<11} {:>4} {:>5} {:>11} {}",
        board.name,
        board.core,
        run.value("sets").unwrap_or("-"),
        cases.iter().map(|(cases, _)| cases).sum::<usize>(),
        run.value("differences").unwrap_or("-"),
        if good { "ok" } else { "FAILED" }
    );
    Ok(good)
}
