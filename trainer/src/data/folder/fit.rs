//! Resizes pictures of any size to one size.

use crate::data::resize::fitted;
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};
use runtime::config::ImageSpec;
use std::path::Path;

/// Reads a picture: its largest centred part with the proportions of `size`, resized, as
/// `[height, width, 3]` bytes.
///
/// It is rotated by its EXIF orientation, and white shows through transparent pixels, as in the runtime's
/// example `classify`.
pub(super) fn read(path: &Path, size: ImageSpec) -> Result<Vec<u8>, image::ImageError> {
    Ok(fitted(&upright(path)?, size).into_raw())
}

/// Reads a picture in its own size.
pub(super) fn upright(path: &Path) -> Result<RgbImage, image::ImageError> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(opaque(picture))
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
    // A rounded mean of two bytes fits into a byte.
    u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparency_shows_white() {
        let clear = image::RgbaImage::from_pixel(2, 2, image::Rgba([9, 9, 9, 0]));
        let found = opaque(DynamicImage::ImageRgba8(clear));
        assert!(found.pixels().all(|pixel| pixel.0 == [255; 3]), "{found:?}");
    }
}
