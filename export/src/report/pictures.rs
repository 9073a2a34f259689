//! Images as data URLs, so that the page is one file.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trainer::data::Images;

/// An image as the text of a `src` attribute.
pub(super) fn data_url(images: &Images, index: usize) -> Result<String> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(images.png(index)?)))
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
}
