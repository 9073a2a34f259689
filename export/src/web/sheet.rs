//! The small pictures of an index, side by side in one picture.

use anyhow::{Context, Result, ensure};
use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, imageops};
use pictures::{centre, shown};
use runtime::search::Index;
use std::path::Path;

/// Side of a small picture in pixels.
pub(super) const SIDE: u32 = 64;
/// Small pictures in a row.
pub(super) const COLUMNS: u32 = 32;
/// Largest number of small pictures: browsers on phones draw no larger sheet.
pub const MAX_SMALL_PICTURES: usize = 4096;

/// Of 100.
const QUALITY: u8 = 78;

/// The small pictures of an index, in its order, as a JPEG file.
#[derive(Clone, Debug)]
pub struct Sheet {
    pub(super) bytes: Vec<u8>,
    /// The files that could not be read, each with the reason.
    pub left_out: Vec<String>,
}

impl Sheet {
    /// Reads the pictures of an index from the folder that was indexed.
    ///
    /// # Errors
    /// If the index has no names of files or too many entries, or none of the files can be read.
    pub fn read(index: &Index<'_>, folder: &Path) -> Result<Self> {
        ensure!(
            index.len() <= MAX_SMALL_PICTURES,
            "the index has {} pictures, and a page shows at most {MAX_SMALL_PICTURES}: leave out --pictures",
            index.len()
        );
        let rows = u32::try_from(index.len())?.div_ceil(COLUMNS);
        let mut sheet = RgbImage::from_pixel(SIDE * COLUMNS, SIDE * rows, image::Rgb([128; 3]));
        let mut left_out = Vec::new();
        for (place, at) in (0u32..).zip(0..index.len()) {
            let name = index.entry(at).and_then(|entry| entry.name).with_context(|| {
                "the index has no names of files: leave out --pictures, or index a folder of pictures"
            })?;
            match read(folder, name) {
                Ok(picture) => {
                    let [x, y] = [place % COLUMNS, place / COLUMNS].map(|side| side * SIDE);
                    imageops::replace(&mut sheet, &picture, x.into(), y.into());
                }
                Err(fault) => left_out.push(format!("{} {fault}", shown(name))),
            }
        }
        ensure!(
            left_out.len() < index.len(),
            "{} has none of the pictures of the index: give the folder that was indexed",
            folder.display()
        );
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&sheet)?;
        Ok(Self { bytes, left_out })
    }
}

fn read(folder: &Path, name: &str) -> Result<RgbImage, String> {
    let path = pictures::within(folder, name).ok_or("is not a name within a folder")?;
    let picture = pictures::read(&path).map_err(|fault| fault.to_string())?;
    let pixels = centre(&picture, (SIDE, SIDE));
    RgbImage::from_raw(SIDE, SIDE, pixels).ok_or_else(|| "has too few pixels".to_owned())
}
