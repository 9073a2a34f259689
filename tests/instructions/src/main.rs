//! Runs a blob on many images under one kernel set; callgrind counts each call of [`counted_run`]. The counter of
//! QEMU counts what is between two marks in it.
//!
//! ```text
//! instructions BLOB SET IMAGES [whole]
//! ```
//!
//! `BLOB` is a file, or a preset, which then gets random weights. With `whole`, a run computes whole tensors, in an arena of [`Model::arena_len_fast`] bytes.

mod mark;

use kit::image;
use kit::synthetic::{Values, network};
use runtime::config::Preset;
use runtime::{Kernels, Model};
use std::error::Error;
use std::hint::black_box;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (blob, set, images, whole) = match arguments.as_slice() {
        [blob, set, images] => (blob, set, images, false),
        [blob, set, images, last] if last == "whole" => (blob, set, images, true),
        _ => return Err("usage: instructions BLOB SET IMAGES [whole]".into()),
    };
    let blob = match Preset::by_name(blob) {
        Some(preset) => network(&preset.config(10)?, 1, Values::Typical).to_bytes(),
        None => fs::read(blob)?,
    };
    let kernels = Kernels::all().find(|kernels| kernels.name == set.as_str());
    let kernels = kernels.ok_or("this processor has no such kernel set")?;
    let model = Model::parse(&blob)?.with_kernels(kernels);
    let grid = model.config().image();
    let len = if whole { model.arena_len_fast() } else { model.arena_len() };
    let (mut arena, mut image) = (vec![0; len], vec![0; grid.len()]);
    for index in 0..images.parse()? {
        match index {
            0 => image.fill(0),
            1 => image.fill(255),
            _ => image::fill(grid, index, &mut image),
        }
        println!("{}", counted_run(&model, &image, &mut arena));
    }
    Ok(())
}

/// One run; returns the sum of its logits.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted_run(model: &Model<'_>, image: &[u8], arena: &mut [u8]) -> i64 {
    let (model, image) = (black_box(model), black_box(image));
    mark::start();
    let result = model.run(image, arena);
    mark::stop();
    match result {
        Ok(output) => output.logits().iter().map(|&logit| i64::from(logit)).sum(),
        Err(error) => panic!("{error}"),
    }
}
