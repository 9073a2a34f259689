//! The firmware with f16 weights: run on a board and compared with this computer.

use crate::board::Board;
use crate::budget::{self, Budget};
use crate::elf::Elf;
use crate::emulator;
use crate::preset;
use crate::toolchain::{self, Build, target_directory};
use anyhow::{Context, Result};
use firmware::images::{PHOTOGRAPHS, test_image};
use kit::f16_network;
use kit::fnv::Fnv1a;
use runtime::Model;
use runtime::config::Preset;

/// Test images.
const IMAGES: usize = 3;

/// Runs `micro` with random weights and prints a line. Returns whether the logits have the bits of this computer,
/// and whether the limits hold. A board without a floating-point unit is left out.
pub fn board(board: &Board) -> Result<bool> {
    if !board.has_floats() {
        eprintln!("{}: SKIPPED, no floating-point unit", board.name);
        return Ok(true);
    }
    let preset = Preset::Micro;
    let config = preset.config(10).context(preset.name())?;
    let bytes = f16_network::blob(&config, 1);
    let path = preset::write(target_directory().join("micro-f16.bin"), &bytes)?;
    let program = "classify";
    let build = Build { board, blob: &path, index: None, program, sites: false, f16: true };
    let file = toolchain::build(&build)?;
    let elf = Elf::read(&file)?;
    let run = emulator::run(board, &file, IMAGES)?;

    let hash = hash(&bytes)?;
    let code = elf.flash - bytes.len() - size_of_val(PHOTOGRAPHS);
    let stack: usize = run.value("stack").and_then(|value| value.parse().ok()).unwrap_or(0);
    let ram = elf.ram + stack;
    let most = run.images(1).into_iter().max().unwrap_or(0);
    let each = most as f64 / config.macs() as f64;

    let mut faults = Vec::new();
    if !run.success || most == 0 {
        faults.push("the firmware did not end with success".into());
    }
    if run.value("hash") != Some(&hash) {
        faults.push(format!("hash {:?}, on this computer {hash}", run.value("hash")));
    }
    let budget = Budget::read(board.name, preset.name(), Some("f16"))?;
    let mut within = |what, found, limit| faults.extend(budget::excess(what, found, limit));
    within("code", code as f64, budget.code.map(|limit| limit as f64));
    within("RAM", ram as f64, budget.ram.map(|limit| limit as f64));
    within("instructions a MAC", each, budget.whole);
    println!(
        "{:<14} {:<11} {:>8} {code:>7} {ram:>7} {stack:>7} {most:>12} {each:>6.3} {:<16} {}",
        board.name,
        board.core,
        elf.flash,
        run.value("hash").unwrap_or("-"),
        if faults.is_empty() { "ok" } else { "FAILED" }
    );
    for fault in &faults {
        eprintln!("{}, {}, f16: {fault}", board.name, preset.name());
    }
    Ok(faults.is_empty())
}

/// The hash of the logits of this computer, as the firmware prints it.
fn hash(bytes: &[u8]) -> Result<String> {
    let model = Model::parse_f16(bytes).context("cannot read the blob")?;
    let mut arena = vec![0; model.arena_len()];
    let mut image = vec![0; model.config().image().len()];
    let mut hash = Fnv1a::new();
    for index in 0..IMAGES {
        test_image(index, &mut image);
        let output = model.run(&image, &mut arena).context("cannot run the network here")?;
        hash.extend(output.logits().iter().map(|logit| logit.to_bits().cast_signed()));
    }
    Ok(hash.to_string())
}
