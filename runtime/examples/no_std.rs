//! The least that a device does: a blob in flash, an arena in RAM, one image, one class.
//!
//! `cargo run --release -p runtime --example no_std`
#![no_std]
extern crate std; // Only to print the answer on a computer.

use core::error::Error;
use runtime::{Model, RunError};
use std::boxed::Box;

/// `export --rust model.rs` writes a module with this blob and the length of its arena.
static BLOB: &[u8] = include_bytes!("../../tests/golden/v1/micro.bin");
const ARENA_LEN: usize = 16_006;

/// The class of one image: red, green and blue of each pixel, row by row.
fn classify(model: &Model<'_>, image: &[u8], arena: &mut [u8]) -> Result<usize, RunError> {
    Ok(model.run(image, arena)?.class())
}

fn main() -> Result<(), Box<dyn Error>> {
    // A model is several kilobytes. `parse_into` makes it where it stays, once after the start.
    let mut place = None;
    let model = Model::parse_into(BLOB, &mut place)?;

    let mut arena = [0; ARENA_LEN];
    let image = [128; 32 * 32 * 3];
    let class = classify(model, &image, &mut arena)?;
    std::println!("class {class}: {}", model.class_name(class).unwrap_or("without a name"));
    Ok(())
}
