//! The part of CIFAR-10 that the crate contains: the first images of both sets, lossless.
//!
//! `assets/README.md` says how the files were made. A strip is a column of images, so that the images lie
//! one after another in memory.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, ensure};
use image::ImageFormat;

use super::cifar10::CLASSES;
use super::dataset::{DataSource, Dataset};
use super::images::Images;
use super::size::SIDE;

/// One WebP strip: the name for messages and the bytes.
struct Strip {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! strip {
    ($name:literal) => {
        Strip { name: $name, bytes: include_bytes!(concat!("../../assets/", $name)) }
    };
}

const TRAIN_STRIPS: [Strip; 10] = [
    strip!("train_0.webp"),
    strip!("train_1.webp"),
    strip!("train_2.webp"),
    strip!("train_3.webp"),
    strip!("train_4.webp"),
    strip!("train_5.webp"),
    strip!("train_6.webp"),
    strip!("train_7.webp"),
    strip!("train_8.webp"),
    strip!("train_9.webp"),
];
const TEST_STRIPS: [Strip; 2] = [strip!("test_0.webp"), strip!("test_1.webp")];
/// One digit for each image; line breaks are ignored.
const TRAIN_LABELS: &str = include_str!("../../assets/train_labels.txt");
const TEST_LABELS: &str = include_str!("../../assets/test_labels.txt");

/// Decodes the built-in images: the first 5,000 training and the first 1,000 test images of
/// CIFAR-10, in the same order and with the same bytes.
///
/// # Errors
/// If the crate was built from damaged assets; the message names the file.
///
/// # Source
/// Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009.
pub fn embedded() -> Result<Dataset> {
    thread::scope(|scope| {
        let start = |strip: &'static Strip| scope.spawn(move || decode(strip));
        // All threads are started before the first one is joined.
        let train: Vec<_> = TRAIN_STRIPS.iter().map(start).collect();
        let test: Vec<_> = TEST_STRIPS.iter().map(start).collect();
        Ok(Dataset {
            train: collect(train, TRAIN_LABELS).context("train_labels.txt")?,
            validation: None,
            test: collect(test, TEST_LABELS).context("test_labels.txt")?,
            classes: CLASSES.map(String::from).to_vec(),
            source: DataSource::Cifar10,
        })
    })
}

fn decode(strip: &Strip) -> Result<Vec<u8>> {
    let image = image::load_from_memory_with_format(strip.bytes, ImageFormat::WebP)
        .with_context(|| format!("cannot decode the built-in {}", strip.name))?;
    ensure!(
        image.width() as usize == SIDE,
        "the built-in {} is {} pixels wide, not {SIDE}",
        strip.name,
        image.width()
    );
    Ok(image.into_rgb8().into_raw())
}

fn collect(strips: Vec<ScopedJoinHandle<'_, Result<Vec<u8>>>>, labels: &str) -> Result<Images> {
    let mut pixels = Vec::new();
    for strip in strips {
        pixels.extend(strip.join().unwrap_or_else(|panic| resume_unwind(panic))?);
    }
    Images::new(SIDE, SIDE, pixels, parse_labels(labels)?)
}

fn parse_labels(text: &str) -> Result<Vec<u16>> {
    text.chars()
        .filter(|symbol| !symbol.is_whitespace())
        .map(|symbol| {
            let label =
                symbol.to_digit(10).with_context(|| format!("{symbol:?} is not a label"))?;
            Ok(u16::try_from(label)?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::*;
    use crate::data::cifar10;

    /// CRC-32 as in zlib, of all pixels and then all labels, a byte each.
    fn crc32(images: &Images) -> u32 {
        let labels = images.labels().iter().map(|&label| label as u8);
        !images.pixels().iter().copied().chain(labels).fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 }
            })
        })
    }

    #[test]
    fn checksums_are_those_of_the_data_set() {
        let data = embedded().unwrap();
        assert_eq!((data.train.len(), data.test.len()), (5000, 1000), "numbers of images");
        assert_eq!(crc32(&data.train), 0x0B64_7621, "training images and labels");
        assert_eq!(crc32(&data.test), 0xC01D_29BD, "test images and labels");
    }

    #[test]
    fn images_equal_the_binary_version() {
        let Some(dir) = std::env::var_os("OCELLI_CIFAR10") else {
            let notice = "SKIPPED images_equal_the_binary_version: set OCELLI_CIFAR10 to the \
                directory of the binary version of CIFAR-10 to run it";
            // Not eprintln!, whose output the test harness captures.
            writeln!(std::io::stderr(), "{notice}").unwrap();
            return;
        };
        let (all, part) = (cifar10(Path::new(&dir)).unwrap(), embedded().unwrap());
        assert_eq!((all.train.len(), all.test.len()), (50_000, 10_000), "numbers of images");
        assert!(all.train.take(part.train.len()) == part.train, "training images and labels");
        assert!(all.test.take(part.test.len()) == part.test, "test images and labels");
        assert_eq!(all.classes, part.classes, "classes");
    }

    #[test]
    fn a_symbol_that_is_no_digit_is_refused() {
        assert_eq!(parse_labels("01\n9\n").unwrap(), [0, 1, 9], "line breaks are skipped");
        let error = parse_labels("01x").unwrap_err().to_string();
        assert!(error.contains("'x'"), "{error}");
    }

    #[test]
    fn a_damaged_strip_is_named() {
        let strip = Strip { name: "train_0.webp", bytes: &TRAIN_STRIPS[0].bytes[..1000] };
        let error = decode(&strip).unwrap_err().to_string();
        assert!(error.contains("train_0.webp"), "{error}");
    }
}
