//! Cuts and resizes images to the size of a network's input.

use image::RgbImage;
use image::imageops::{self, FilterType};
use rayon::prelude::*;
use runtime::config::{IMAGE_CHANNELS, ImageSpec};

use super::dataset::Dataset;
use super::images::Images;

/// The largest centred part of a picture with the proportions of `size`, resized. A picture that has the size
/// keeps its pixels.
pub(super) fn fitted(picture: &RgbImage, size: ImageSpec) -> RgbImage {
    let (width, height) = (u32::from(size.width), u32::from(size.height));
    let [across, down] = largest(picture.dimensions(), (width, height));
    let (x, y) = ((picture.width() - across) / 2, (picture.height() - down) / 2);
    let picture = imageops::crop_imm(picture, x, y, across, down);
    if (across, down) == (width, height) {
        return picture.to_image();
    }
    imageops::resize(&*picture, width, height, FilterType::Lanczos3)
}

/// Width and height of the largest part of a picture with the proportions of `to`, at least one pixel each.
fn largest((width, height): (u32, u32), to: (u32, u32)) -> [u32; 2] {
    let (wide, high) = (u64::from(width), u64::from(height));
    let (to_width, to_height) = (u64::from(to.0), u64::from(to.1));
    // Rounded; not above the side that it is cut from, since the other product is smaller.
    let rounded = |product: u64, by: u64| u32::try_from((product + by / 2) / by).unwrap_or(1);
    if wide * to_height > high * to_width {
        [rounded(high * to_width, to_height).clamp(1, width), height]
    } else {
        [width, rounded(wide * to_height, to_width).clamp(1, height)]
    }
}

impl Dataset {
    /// The same images in another size.
    #[must_use]
    pub fn resized(self, size: ImageSpec) -> Self {
        Self { train: resized(self.train, size), test: resized(self.test, size), ..self }
    }
}

fn resized(images: Images, size: ImageSpec) -> Images {
    let (height, width) = (usize::from(size.height), usize::from(size.width));
    if (images.height(), images.width()) == (height, width) {
        return images;
    }
    let image_len = height * width * IMAGE_CHANNELS;
    let mut pixels = vec![0; images.len() * image_len];
    pixels.par_chunks_exact_mut(image_len.max(1)).enumerate().for_each(|(index, pixels)| {
        pixels.copy_from_slice(&fitted(&images.picture(index), size));
    });
    let labels = images.labels().to_vec();
    Images::new(height, width, pixels, labels).expect("images of the size asked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    const fn size(width: u16, height: u16) -> ImageSpec {
        ImageSpec { height, width }
    }

    #[test]
    fn the_middle_is_kept() {
        // Red, green and blue thirds side by side.
        let thirds = [Rgb([255, 0, 0]), Rgb([0, 255, 0]), Rgb([0, 0, 255])];
        let picture = RgbImage::from_fn(12, 4, |x, _| thirds[x as usize / 4]);
        let found = fitted(&picture, size(2, 2));
        assert!(found.pixels().all(|pixel| *pixel == thirds[1]), "{found:?}");
        assert_eq!(fitted(&found, size(2, 2)), found, "the right size stays as it is");
        let narrow = fitted(&picture, size(2, 4));
        assert_eq!(narrow.dimensions(), (2, 4), "a rectangle");
        assert!(narrow.pixels().all(|pixel| *pixel == thirds[1]), "{narrow:?}");
    }

    #[test]
    fn a_part_has_the_proportions_of_the_whole() {
        assert_eq!(largest((640, 480), (32, 32)), [480, 480], "a square");
        assert_eq!(largest((640, 480), (96, 48)), [640, 320], "a wide rectangle");
        assert_eq!(largest((640, 480), (48, 96)), [240, 480], "a high rectangle");
        assert_eq!(largest((1, 65_535), (224, 32)), [1, 1], "a line");
        assert_eq!(largest((u32::MAX, 1), (32, 224)), [1, 1], "the longest line");
    }

    #[test]
    fn a_resized_data_set_keeps_its_labels() {
        let images = Images::new(4, 4, [[9; 48], [200; 48]].concat(), vec![1, 0]).unwrap();
        let found = resized(images.clone(), size(6, 3));
        assert_eq!((found.height(), found.width()), (3, 6), "size");
        assert_eq!(found.labels(), [1, 0], "labels");
        assert!(found.image(1).iter().all(|&value| value == 200), "pixels of the second");
        assert_eq!(resized(images.clone(), size(4, 4)), images, "the same size");
    }
}
