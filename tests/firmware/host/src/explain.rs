//! Compares the evidence and the attributes that the boards find with those of this computer.

use crate::board::Board;
use crate::elf::Elf;
use crate::emulator;
use crate::toolchain::{self, Build};
use anyhow::{Context, Result};
use firmware::images::{PHOTOGRAPHS, test_image};
use kit::explained::{self, Room};
use kit::fnv::Fnv1a;
use runtime::explain::{Floor, Objects, Tiling};
use runtime::{Attributes, Model};
use std::path::Path;

/// The lines of the firmware about one image.
type Lines = Vec<(String, String)>;

/// Runs the firmware `explain` and prints a line about it. Returns whether it found what this computer finds.
pub fn board(board: &Board, (name, blob): (&str, &Path), images: usize) -> Result<bool> {
    let bytes = std::fs::read(blob)?;
    let model = Model::parse(&bytes).context("the blob")?;
    let file = toolchain::build(&Build {
        board,
        blob,
        index: None,
        program: "explain",
        sites: false,
        f16: false,
    })?;
    let elf = Elf::read(&file)?;
    let run = emulator::run(board, &file, images)?;
    let expected = answer(&model, images)?;
    let found: Lines = run.lines.iter().filter(|(name, _)| name != "stack").cloned().collect();
    let unwanted = elf.unwanted();
    let good = run.success && found == expected && unwanted.is_empty();
    let [objects, attributes] = [0, 1].map(|region| {
        let counts = run.instructions.iter().skip(region).step_by(2);
        counts.copied().max().unwrap_or(0)
    });
    let stack: usize = run.value("stack").and_then(|value| value.parse().ok()).unwrap_or(0);
    println!(
        "{:<14} {:<11} {:<8} {:>8} {:>7} {:>7} {:>7} {objects:>12} {attributes:>12} {:<16} {}",
        board.name,
        board.core,
        name,
        elf.flash,
        elf.flash - bytes.len() - size_of_val(PHOTOGRAPHS),
        elf.ram + stack,
        stack,
        run.value("hash").unwrap_or("-"),
        if good { "ok" } else { "FAILED" }
    );
    for (found, expected) in found.iter().zip(&expected).filter(|(found, other)| found != other) {
        eprintln!("{}: {found:?}, on this computer {expected:?}", board.name);
    }
    if !unwanted.is_empty() {
        eprintln!("{}: unwanted symbols: {}", board.name, unwanted.join(" "));
    }
    Ok(good)
}

/// What the firmware must print, except the stack.
fn answer(model: &Model<'_>, images: usize) -> Result<Lines> {
    let attributes = Attributes::parse(model)?.context("the blob has no attributes")?;
    let tiling = Tiling::of(model.config()).context("the tokens form no grid")?;
    let tokens = tiling.tokens();
    let mut arena = vec![0; model.arena_len()];
    let mut image = vec![0; model.config().image().len()];
    let (mut map, mut labels, mut bytes) = (vec![0; tokens], vec![0; tokens], vec![0; tokens]);
    let (mut lines, mut hash) = (Lines::new(), Fnv1a::new());
    for index in 0..images {
        test_image(index, &mut image);
        let output = model.run(&image, &mut arena).context("the reference")?;
        let mut text = |name: &str, value: String| lines.push((name.into(), value));
        let mut line = |name: &str, value: usize| text(name, value.to_string());
        line("class", output.class());
        output.evidence(output.class(), &mut map)?;
        let objects = Objects::find(&map, &tiling, Floor::Mean, &mut labels)?;
        if let Some(largest) = objects.as_slice().first() {
            line("x", largest.area.x);
            line("y", largest.area.y);
            line("width", largest.area.width);
            line("height", largest.area.height);
        }
        for attribute in explained::most_probable(output.attributes(&attributes)?).iter().flatten()
        {
            text("attribute", attribute.name.to_owned());
            text("probability", attribute.probability.to_string());
        }
        let mut room = Room { map: &mut map, labels: &mut labels, bytes: &mut bytes };
        hash.extend(explained::objects(&output, &tiling, &mut room).context("no objects")?);
        let described = explained::attributes(&output, &attributes, &tiling, &mut room);
        hash.extend(described.context("no attributes")?);
    }
    lines.push(("hash".into(), hash.to_string()));
    Ok(lines)
}
