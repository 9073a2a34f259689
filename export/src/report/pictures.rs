//! Images as data URLs, so that the page is one file.

use ::pictures::{overlay, spread};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage};
use runtime::config::Grid;
use std::io::Cursor;
use trainer::data::Images;

/// An image as the text of a `src` attribute.
pub(super) fn data_url(images: &Images, index: usize) -> Result<String> {
    Ok(url(&images.png(index)?))
}

/// An image with a map over it, as the text of a `src` attribute.
///
/// # Errors
/// If the map has another number of values than the grid, or the image is too large for PNG.
pub(super) fn overlay_url(
    images: &Images,
    index: usize,
    map: &[i32],
    grid: Grid,
) -> Result<String> {
    let (width, height) = (images.width().try_into()?, images.height().try_into()?);
    let picture = RgbImage::from_raw(width, height, images.image(index).to_vec());
    let picture = picture.context("an image has all its pixels")?;
    ensure!(map.len() == grid.positions(), "{} values for {} tokens", map.len(), grid.positions());
    let map: Vec<f32> = map.iter().map(|&value| value as f32).collect();
    let grid = (grid.height.try_into()?, grid.width.try_into()?);
    let mut png = Cursor::new(Vec::new());
    overlay(&picture, &spread(&map), grid, 1).write_to(&mut png, ImageFormat::Png)?;
    Ok(url(png.get_ref()))
}

fn url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_whole_png() {
        let images = Images::new(1, 2, vec![1, 2, 3, 4, 5, 6], vec![0]).unwrap();
        let url = data_url(&images, 0).unwrap();
        let encoded = url.strip_prefix("data:image/png;base64,").unwrap();
        let picture = image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap();
        assert_eq!(picture.into_rgb8().into_raw(), [1, 2, 3, 4, 5, 6], "pixels");
    }

    #[test]
    fn a_map_colours_the_pixels_of_an_image() {
        let images = Images::new(1, 2, vec![0; 6], vec![0]).unwrap();
        let grid = Grid { height: 1, width: 2, channels: 1 };
        let url = overlay_url(&images, 0, &[9, -9], grid).unwrap();
        let encoded = url.strip_prefix("data:image/png;base64,").unwrap();
        let picture = image::load_from_memory(&STANDARD.decode(encoded).unwrap()).unwrap();
        let [most, least]: [u8; 2] = picture.into_luma8().into_raw().try_into().unwrap();
        assert!(most > least + 100, "light where there is evidence: {most} and {least}");
        let error = overlay_url(&images, 0, &[9], grid).unwrap_err().to_string();
        assert!(error.contains("1 values for 2 tokens"), "{error}");
    }
}
