//! Runs a blob on many images under one kernel set; callgrind counts each call of [`counted_run`].
//!
//! ```text
//! instructions BLOB SET IMAGES
//! ```

use kit::image;
use runtime::{Kernels, Model};
use std::error::Error;
use std::hint::black_box;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [blob, set, images] = arguments.as_slice() else {
        return Err("usage: instructions BLOB SET IMAGES".into());
    };
    let blob = fs::read(blob)?;
    let kernels = Kernels::all().find(|kernels| kernels.name == set.as_str());
    let kernels = kernels.ok_or("this processor has no such kernel set")?;
    let model = Model::parse(&blob)?.with_kernels(kernels);
    let grid = model.config().image();
    let (mut arena, mut image) = (vec![0; model.arena_len()], vec![0; grid.len()]);
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
    match black_box(model).run(black_box(image), arena) {
        Ok(output) => output.logits().iter().map(|&logit| i64::from(logit)).sum(),
        Err(error) => panic!("{error}"),
    }
}
