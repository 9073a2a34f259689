//! Cuts and resizes a picture to the input of a network.

use image::RgbImage;
use image::imageops::{self, FilterType};

/// The largest centred part of a picture with the shape of the input, resized to its width and height:
/// `[height, width, 3]` bytes. A picture of that size keeps its pixels.
pub fn centre(picture: &RgbImage, (width, height): (u32, u32)) -> Vec<u8> {
    let (cut_width, cut_height) = part(picture.dimensions(), (width, height));
    let (x, y) = ((picture.width() - cut_width) / 2, (picture.height() - cut_height) / 2);
    let picture = imageops::crop_imm(picture, x, y, cut_width, cut_height);
    if (cut_width, cut_height) == (width, height) {
        return picture.to_image().into_raw();
    }
    imageops::resize(&*picture, width, height, FilterType::Lanczos3).into_raw()
}

/// Width and height of the largest part of a picture with the aspect ratio of `to`, at least one
/// pixel each.
fn part((width, height): (u32, u32), to: (u32, u32)) -> (u32, u32) {
    let (wide, high) = (u64::from(width), u64::from(height));
    let (to_width, to_height) = (u64::from(to.0), u64::from(to.1));
    // Rounded to nearest. The condition below keeps the quotient within the side that is cut.
    let rounded = |product: u64, by: u64| u32::try_from((product + by / 2) / by).unwrap_or(1);
    if wide * to_height > high * to_width {
        (rounded(high * to_width, to_height).clamp(1, width), height)
    } else {
        (width, rounded(wide * to_height, to_width).clamp(1, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn the_part_has_the_shape_of_the_input() {
        for (picture, to, expected) in [
            ((4000, 3000), (32, 32), (3000, 3000)),
            ((3000, 4000), (32, 32), (3000, 3000)),
            ((1000, 1000), (64, 32), (1000, 500)),
            ((100, 1000), (32, 64), (100, 200)),
            ((1, 9), (32, 32), (1, 1)),
            ((500, 1), (32, 64), (1, 1)),
            ((1, 1), (512, 1), (1, 1)),
            ((32, 32), (32, 32), (32, 32)),
        ] {
            assert_eq!(part(picture, to), expected, "{picture:?} to {to:?}");
        }
    }

    #[test]
    fn a_picture_of_the_right_size_is_taken_as_it_is() {
        let bytes: Vec<u8> = (0..3 * 6 * 4).collect();
        let picture = RgbImage::from_raw(6, 4, bytes.clone()).unwrap();
        assert_eq!(centre(&picture, (6, 4)), bytes, "a picture of 6 x 4");
    }

    #[test]
    fn the_middle_is_kept() {
        // Red, green and blue thirds side by side.
        let thirds = [Rgb([255, 0, 0]), Rgb([0, 255, 0]), Rgb([0, 0, 255])];
        let picture = RgbImage::from_fn(12, 4, |x, _| thirds[x as usize / 4]);
        assert_eq!(centre(&picture, (2, 2)), [0, 255, 0].repeat(4), "the green third");
    }

    /// Noise that the test of `runtime/web/resize.js` makes as well.
    fn noise(length: usize) -> Vec<u8> {
        let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        std::iter::successors(step(&1), step)
            .map(|state| (state >> 24) as u8)
            .take(length)
            .collect()
    }

    #[test]
    fn the_bytes_are_those_of_the_web_page() {
        let hash = |bytes: &[u8]| {
            let byte =
                |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, byte))
        };
        let mut lines = 0;
        for line in include_str!("../../../tests/web/fit.txt").lines() {
            let words: Vec<_> = line.split(' ').collect();
            let size = |at: usize| words[at].parse::<u32>().unwrap();
            let (width, height) = (size(0), size(1));
            let picture = noise(3 * width as usize * height as usize);
            let picture = RgbImage::from_raw(width, height, picture).unwrap();
            let found = hash(&centre(&picture, (size(2), size(3))));
            assert_eq!(found, words[4], "{line}: the hash is {found}");
            lines += 1;
        }
        assert_eq!(lines, 12, "sizes");
    }
}
