//! Compares the boards that search an index and learn images with this computer.

use crate::board::Board;
use crate::elf::Elf;
use crate::emulator::{self, Transcript};
use crate::preset;
use crate::toolchain::{self, Build};
use anyhow::{Context, Result};
use firmware::images::{PHOTOGRAPHS, test_image};
use firmware::known::{CANDIDATES, FLASH_LEN, LIKENESS, NEAREST, PAGE_LEN, Work, learn, push};
use kit::flash::Flash;
use kit::fnv::Fnv1a;
use kit::index::RandomIndex;
use runtime::search::Index;
use runtime::{Descriptor, Model};
use std::path::Path;

/// Test images of the program `search`.
const IMAGES: usize = 3;

/// What a firmware must print, except the stack.
type Lines = Vec<(String, String)>;

/// The files of a board's firmware.
struct Files<'a> {
    blob: &'a Path,
    index: &'a Path,
    /// Bytes of the blob, the index and the test images.
    len: usize,
}

/// Runs the firmwares `search` and `enrol`, and prints a line about each. Returns whether they found what this
/// computer finds.
pub fn board(board: &Board, blob: &Path) -> Result<bool> {
    let bytes = std::fs::read(blob)?;
    let model = Model::parse(&bytes).context("the blob")?;
    let descriptor = Descriptor::parse(&model).context("the descriptor")?.context("none")?;
    let index = random_index(&descriptor, board.entries)?;
    let name = format!("{}-index.bin", board.name);
    let path = preset::write(toolchain::target_directory().join(name), &index)?;
    let parsed = Index::parse(&index).context("the index")?;
    let len = bytes.len() + index.len() + size_of_val(PHOTOGRAPHS);
    let files = Files { blob, index: &path, len };
    let mut image = vec![0; model.config().image().len()];
    let expected = searched(&descriptor, &parsed, &mut image)?;
    let mut good = print(board, &files, "search", IMAGES, &expected)?;
    if board.compares {
        let expected = learned(&descriptor, &parsed, &mut image)?;
        good &= print(board, &files, "enrol", 0, &expected)?;
    } else {
        eprintln!("{}: enrol SKIPPED, its memory does not hold a flash", board.name);
    }
    Ok(good)
}

/// An index with random entries for a network.
fn random_index(descriptor: &Descriptor<'_, '_>, entries: usize) -> Result<Vec<u8>> {
    let [class, appearance] = descriptor.lengths();
    let dims = [u8::try_from(class)?, u8::try_from(appearance)?];
    let mut index = RandomIndex::new(2, entries, dims);
    index.network = descriptor.network();
    Ok(index.to_bytes())
}

/// What the program `search` must print.
fn searched(descriptor: &Descriptor<'_, '_>, index: &Index<'_>, image: &mut [u8]) -> Result<Lines> {
    let (mut lines, mut hash) = (Lines::new(), Fnv1a::new());
    let mut arena = vec![0; descriptor.arena_len()];
    for number in 0..IMAGES {
        test_image(number, image);
        let seen = descriptor.run(image, &mut arena)?.fingerprint;
        let vectors = index.nearest::<NEAREST>(&seen, LIKENESS)?;
        lines.push(("nearest".into(), vectors[0].id.to_string()));
        push(&mut hash, &vectors);
        push(&mut hash, &index.nearest_by_codes::<NEAREST>(&seen, LIKENESS)?);
        push(&mut hash, &index.nearest_in_two_stages::<CANDIDATES, NEAREST>(&seen, LIKENESS)?);
    }
    lines.push(("hash".into(), hash.to_string()));
    Ok(lines)
}

/// What the program `enrol` must print.
fn learned(descriptor: &Descriptor<'_, '_>, index: &Index<'_>, image: &mut [u8]) -> Result<Lines> {
    let mut lines = Lines::new();
    let mut arena = vec![0; descriptor.arena_len()];
    let flash: Flash<_, 4, 4, PAGE_LEN> = Flash::new(vec![0; FLASH_LEN]);
    let run = |_: Work, work: &mut dyn FnMut()| work();
    let name = |label: Option<u16>| {
        lines.push(("label".into(), label.unwrap_or_default().to_string()));
    };
    let hash = learn(flash, descriptor, index, (image, &mut arena), run, name);
    lines.push(("hash".into(), format!("{:016x}", hash.context("nothing was learned")?)));
    Ok(lines)
}

/// Builds and runs a program, and prints a line about it.
fn print(
    board: &Board,
    files: &Files<'_>,
    program: &str,
    argument: usize,
    expected: &Lines,
) -> Result<bool> {
    let &Files { blob, index, len } = files;
    let build = Build { board, blob, index: Some(index), program, sites: false, f16: false };
    let file = toolchain::build(&build)?;
    let elf = Elf::read(&file)?;
    let run = emulator::run(board, &file, argument)?;
    let found: Lines = run.lines.iter().filter(|(name, _)| name != "stack").cloned().collect();
    let unwanted = elf.unwanted();
    let good = run.success && found == *expected && unwanted.is_empty();
    let stack: usize = run.value("stack").and_then(|value| value.parse().ok()).unwrap_or(0);
    println!(
        "{:<14} {:<11} {program:<8} {:>8} {:>7} {:>7} {} {:<16} {}",
        board.name,
        board.core,
        elf.flash,
        elf.flash - len,
        elf.ram + stack,
        columns(board, program, &run),
        run.value("hash").unwrap_or("-"),
        if good { "ok" } else { "FAILED" }
    );
    for (found, expected) in found.iter().zip(expected).filter(|(found, other)| found != other) {
        eprintln!("{}, {program}: {found:?}, on this computer {expected:?}", board.name);
    }
    if !unwanted.is_empty() {
        eprintln!("{}, {program}: unwanted symbols: {}", board.name, unwanted.join(" "));
    }
    Ok(good)
}

/// The largest counts of instructions of all images. For `search`: for each entry, by vectors, by codes and in two
/// stages. For `enrol`: for an addition, and for a search of the added entries.
fn columns(board: &Board, program: &str, run: &Transcript) -> String {
    let counts = &run.instructions;
    if program == "search" {
        let most = |kind| counts.iter().skip(kind).step_by(3).max().copied().unwrap_or(0);
        let each = |kind| format!("{:>9.1}", most(kind) as f64 / board.entries as f64);
        return format!("{}{}{}", each(0), each(1), each(2));
    }
    let (adds, searches) = counts.split_at(counts.len() / 2);
    let most = |counts: &[u64]| counts.iter().max().copied().unwrap_or(0);
    format!("{:>9}{:>9}{:>9}", most(adds), most(searches), "")
}
