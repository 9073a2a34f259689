//! Decodes one picture file to pixels, within limits.

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};

use crate::fault::Fault;
use crate::jpeg::{self, Markers};
use crate::kind;

/// Largest number of pixels of a picture: more than a camera with 60 megapixels has.
pub const MAX_PIXELS: u64 = 1 << 26;
/// Largest memory of a decoder for one picture.
const MAX_BYTES: u64 = 512 << 20;
/// Longest file that is read.
const MAX_FILE: u64 = 512 << 20;
/// Pictures with more pixels are decoded one at a time, to limit the memory of all threads.
const LARGE: u64 = 1 << 24;
/// Number of bytes at the start of a file that decide its format.
const HEAD: usize = 512;

static ONE_LARGE_PICTURE: Mutex<()> = Mutex::new(());

/// Reads a picture file: rotated by its EXIF orientation, with white behind transparent parts.
///
/// # Errors
/// If the file cannot be read, is not a picture in a known format, is cut short, or has more than
/// [`MAX_PIXELS`].
pub fn read(path: &Path) -> Result<RgbImage, Fault> {
    decode(&load(path)?)
}

/// Reads the bytes of a picture file. Only the first bytes of a file in a foreign format are read.
///
/// # Errors
/// If the file cannot be read, or its first bytes or its name show that it is not a picture in a known
/// format.
pub fn load(path: &Path) -> Result<Vec<u8>, Fault> {
    if kind::is_raw(path) {
        return Err(Fault::new(kind::raw()));
    }
    let unreadable = |error: std::io::Error| Fault::new(format!("cannot be read: {error}"));
    // Before the file is opened, because opening a pipe waits for a writer.
    let length = match path.metadata() {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return Err(Fault::new("is not a file")),
        Err(error) => return Err(unreadable(error)),
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    format(&bytes)?;
    if length > MAX_FILE {
        return Err(Fault::new(format!(
            "has {} MB, and at most {} are read: make the picture smaller",
            length >> 20,
            MAX_FILE >> 20
        )));
    }
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Decodes the bytes of a picture file as [`read`] does.
///
/// # Errors
/// As [`read`].
pub fn decode(bytes: &[u8]) -> Result<RgbImage, Fault> {
    let format = format(bytes)?;
    if format != ImageFormat::Jpeg {
        return pixels(bytes, format);
    }
    let markers = Markers::read(bytes);
    let bytes = markers.with_tables(bytes);
    if markers.complete() {
        return pixels(&bytes, format);
    }
    if !markers.may_lack_only_its_end() {
        return Err(Fault::cut_short());
    }
    let [zeros, ones] = jpeg::completions(&bytes);
    let picture = pixels(&zeros, format)?;
    if pixels(&ones, format).is_ok_and(|other| other == picture) {
        Ok(picture)
    } else {
        Err(Fault::cut_short())
    }
}

/// The format of a file by its first bytes, if the format is supported.
fn format(bytes: &[u8]) -> Result<ImageFormat, Fault> {
    let format = image::guess_format(bytes).ok().filter(ImageFormat::reading_enabled);
    format.ok_or_else(|| Fault::new(kind::name(bytes)))
}

fn pixels(bytes: &[u8], format: ImageFormat) -> Result<RgbImage, Fault> {
    let fault = |error: ImageError| named(&error, bytes, format);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    let count = u64::from(width) * u64::from(height);
    if count > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
        return Err(too_large(width, height));
    }
    if count == 0 {
        return Err(Fault::new("has no pixels"));
    }
    let orientation = decoder.orientation().map_err(fault)?;
    // The guarded value is empty, so a panic of another thread does not matter.
    let _turn =
        (count > LARGE).then(|| ONE_LARGE_PICTURE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fault)?;
    picture.apply_orientation(orientation);
    Ok(opaque(picture))
}

fn too_large(width: u32, height: u32) -> Fault {
    Fault::new(format!(
        "has {width} x {height} pixels, and at most {} megapixels are read: make it smaller",
        MAX_PIXELS / 1_000_000
    ))
}

/// The error of a decoder as a message.
fn named(error: &ImageError, bytes: &[u8], format: ImageFormat) -> Fault {
    let ended =
        matches!(error, ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof);
    if ended || lacks_end(bytes, format) {
        return Fault::cut_short();
    }
    match error {
        ImageError::Limits(_) => size(bytes, format).map_or_else(
            || Fault::new("needs more memory than a picture may: make it smaller"),
            |(width, height)| too_large(width, height),
        ),
        ImageError::Unsupported(_) => Fault::new(format!(
            "is a kind of {format:?} that is not read ({error}): save it as JPEG or as a PNG of 8 bits"
        )),
        _ => Fault::new(format!("is damaged: {error}")),
    }
}

/// Width and height, from the header.
fn size(bytes: &[u8], format: ImageFormat) -> Option<(u32, u32)> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.no_limits();
    reader.into_dimensions().ok()
}

/// Whether a file that was not decoded ends before its format says.
fn lacks_end(bytes: &[u8], format: ImageFormat) -> bool {
    let length_at = |at: usize| {
        let length = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_le_bytes(length)))
    };
    let present = bytes.len() as u64;
    match format {
        ImageFormat::Png => !bytes.windows(4).rev().take(64).any(|chunk| chunk == b"IEND"),
        ImageFormat::WebP => length_at(4).is_none_or(|length| length + 8 > present),
        ImageFormat::Bmp => length_at(2).is_none_or(|length| length > present),
        ImageFormat::Gif => bytes.last() != Some(&0x3B),
        _ => false,
    }
}

fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|value| over_white(value, alpha)))
    })
}

/// A colour with the opacity `alpha` in front of white.
fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    // A mean of two bytes, rounded, is a byte.
    u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
