//! The pixels that replace a half of an image.

use anyhow::{Context, Result};
use image::{RgbImage, imageops};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use runtime::explain::Tiling;
use trainer::data::Images;

/// What replaces the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// The image's mean colour.
    Mean,
    /// The image, blurred by an eighth of its longer side.
    Blur,
    /// The same pixels of another image, of another class.
    Other,
    /// The background of that other image: the half of its tokens to which the same kind of map gives the smallest
    /// values. Each such token stays in its place if it can, and the others fill the free places in order.
    Background,
}

impl Fill {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mean, Self::Blur, Self::Other, Self::Background];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean colour",
            Self::Blur => "blurred",
            Self::Other => "another image",
            Self::Background => "its background",
        }
    }
}

/// Seed for the choice of the other image.
const SEED: u64 = 1 << 32;

/// The pixels that replace those of the image `index`. `other` is the index of the other image.
///
/// For [`Fill::Background`] they are those of the whole other image, from which [`background`] takes some.
pub(super) fn filled(
    images: &Images,
    (index, other): (usize, usize),
    fill: Fill,
) -> Result<Vec<u8>> {
    let pixels = images.image(index);
    match fill {
        Fill::Mean => {
            let count = pixels.len() / 3;
            let mean = [0, 1, 2].map(|channel| {
                let sum: usize =
                    pixels.chunks_exact(3).map(|pixel| usize::from(pixel[channel])).sum();
                ((sum + count / 2) / count) as u8
            });
            Ok(mean.repeat(count))
        }
        Fill::Blur => {
            let (width, height) = (images.width().try_into()?, images.height().try_into()?);
            let picture = RgbImage::from_raw(width, height, pixels.to_vec());
            let picture = picture.context("an image has all its pixels")?;
            Ok(imageops::blur(&picture, width.max(height) as f32 / 8.0).into_raw())
        }
        Fill::Other | Fill::Background => Ok(images.image(other).to_vec()),
    }
}

/// Another image, drawn at random: the first one of another class, if there is any.
pub(super) fn other(images: &Images, index: usize) -> usize {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(SEED + index as u64);
    let start = rng.random_range(0..images.len());
    let from_there = (start..images.len()).chain(0..start);
    let mut others = from_there.filter(|&other| other != index);
    let first = others.clone().next();
    let of_another_class = others.find(|&other| images.label(other) != images.label(index));
    of_another_class.or(first).unwrap_or(index)
}

/// The pixels of another image, with the tokens `chosen` taken from its tokens `least`.
///
/// A chosen token that is also one of `least` keeps its pixels. The other chosen tokens get the pixels of the
/// remaining tokens of `least`, in the order of both.
pub(super) fn background(
    width: usize,
    other: &[u8],
    chosen: &[bool],
    least: &[bool],
    tiling: &Tiling,
) -> Vec<u8> {
    let mut pixels_of = vec![vec![]; chosen.len()];
    for at in 0..other.len() / 3 {
        if let Some(token) = tiling.token_at(at / width, at % width) {
            pixels_of[token].push(3 * at);
        }
    }
    let only = |these: &[bool], those: &[bool]| -> Vec<usize> {
        (0..these.len()).filter(|&token| these[token] && !those[token]).collect()
    };
    let mut filled = other.to_vec();
    for (to, from) in only(chosen, least).into_iter().zip(only(least, chosen)) {
        // Tokens may differ by a row or a column of pixels.
        let from = pixels_of[from].iter().cycle();
        for (&to, &from) in pixels_of[to].iter().zip(from) {
            filled[to..to + 3].copy_from_slice(&other[from..from + 3]);
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Grid;

    #[test]
    fn another_image_is_of_another_class() {
        let images =
            Images::new(1, 1, (0..30).collect(), vec![0, 0, 1, 0, 2, 0, 0, 1, 2, 0]).unwrap();
        let mut seen = vec![];
        for index in 0..images.len() {
            let other = other(&images, index);
            assert_ne!(images.label(other), images.label(index), "image {index}");
            assert_eq!(
                filled(&images, (index, other), Fill::Other).unwrap(),
                images.image(other),
                "pixels"
            );
            seen.push(other);
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 2, "not always the same: {seen:?}");
        let alike = Images::new(1, 1, (0..6).collect(), vec![0, 0]).unwrap();
        assert_eq!((other(&alike, 0), other(&alike, 1)), (1, 0), "there is no other class");
    }

    #[test]
    fn a_blurred_image_keeps_its_size_and_loses_contrast() {
        let pixels = [[0; 12], [255; 12]].concat().repeat(4);
        let images = Images::new(8, 4, pixels, vec![0]).unwrap();
        let blurred = filled(&images, (0, 0), Fill::Blur).unwrap();
        assert_eq!(blurred.len(), images.image_len(), "bytes");
        let (low, high) = (blurred.iter().min().unwrap(), blurred.iter().max().unwrap());
        assert!(high - low < 200, "{low} to {high}");
    }

    #[test]
    fn a_background_moves_as_few_tokens_as_possible() {
        let grid = |height, width| Grid { height, width, channels: 1 };
        let tiling = Tiling::new(grid(1, 4), grid(1, 4)).unwrap();
        let other: Vec<u8> = (0..12).collect();
        let (chosen, least) = ([true, true, false, false], [false, true, false, true]);
        let filled = background(4, &other, &chosen, &least, &tiling);
        assert_eq!(filled[..3], other[9..], "the last token moves to the first place");
        assert_eq!(filled[3..6], other[3..6], "the second token stays");
        let same = background(4, &other, &least, &least, &tiling);
        assert_eq!(same, other, "nothing moves");
    }

    #[test]
    fn a_larger_token_repeats_the_pixels_of_a_smaller_one() {
        let grid = |height, width| Grid { height, width, channels: 1 };
        let tiling = Tiling::new(grid(1, 2), grid(1, 3)).unwrap();
        let other: Vec<u8> = (0..9).collect();
        let filled = background(3, &other, &[true, false], &[false, true], &tiling);
        assert_eq!(filled, [6, 7, 8, 6, 7, 8, 6, 7, 8], "two pixels from one");
    }
}
