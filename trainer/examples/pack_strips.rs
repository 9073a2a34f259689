//! Writes the first images of CIFAR-10 as PNG strips with their labels: the first step of
//! regenerating the built-in images, see `assets/README.md`.
//!
//! `cargo run -p trainer --example pack_strips -- CIFAR10_DIR OUT_DIR`

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use image::{ImageFormat, RgbImage};
use trainer::data::{Images, cifar10};

const TRAIN_IMAGES: usize = 5000;
const TEST_IMAGES: usize = 1000;
/// A WebP image has at most 16,383 rows: 511 images of 32.
const IMAGES_PER_STRIP: usize = 500;
const LABELS_PER_LINE: usize = 100;

/// Writes the first images of CIFAR-10 as PNG strips with their labels.
#[derive(Parser)]
struct Arguments {
    /// Directory of the binary version of CIFAR-10.
    cifar10: PathBuf,
    /// Directory for the strips; it must exist.
    out: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let data = cifar10(&arguments.cifar10)?;
    write_set(&data.train.take(TRAIN_IMAGES), "train", &arguments.out)?;
    write_set(&data.test.take(TEST_IMAGES), "test", &arguments.out)
}

fn write_set(images: &Images, name: &str, out: &Path) -> Result<()> {
    for (index, pixels) in images.pixels().chunks(IMAGES_PER_STRIP * images.image_len()).enumerate()
    {
        let rows = pixels.len() / images.image_len() * images.height();
        let strip =
            RgbImage::from_raw(images.width().try_into()?, rows.try_into()?, pixels.to_vec())
                .context("a strip has as many bytes as its images")?;
        let mut png = Cursor::new(Vec::new());
        strip.write_to(&mut png, ImageFormat::Png)?;
        write_file(&out.join(format!("{name}_{index}.png")), png.get_ref())?;
    }
    let mut text = String::new();
    for line in images.labels().chunks(LABELS_PER_LINE) {
        for label in line {
            write!(text, "{label}")?;
        }
        text.push('\n');
    }
    write_file(&out.join(format!("{name}_labels.txt")), text.as_bytes())
}

/// Writes under another name first, so that no half file is ever left under the final one.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
