//! Strong augmentation: geometry, colour and cutout.

use anyhow::{Result, ensure};
use rand::{Rng, RngExt};
use runtime::config::IMAGE_CHANNELS;
use serde::Serialize;

use super::reflect::reflect;

/// The value of a cutout, close to the mean of natural images.
const GREY: u8 = 128;
/// Shares of red, green and blue in the brightness of a pixel (ITU-R BT.601).
const LUMA: [f32; IMAGE_CHANNELS] = [0.299, 0.587, 0.114];

/// Limits of the random changes of geometry and of colour, and of a cutout (`DeVries` and Taylor, 2017).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StrongAugment {
    /// Probability of each of the three, 0 to 1; they are independent.
    pub probability: f64,
    /// Largest rotation in either direction, in degrees.
    pub rotation: f32,
    /// Largest shear along the rows: a row moves by this many columns for each row of distance from the
    /// middle.
    pub shear: f32,
    /// Largest change of the size, as a share of the size.
    pub scale: f32,
    /// Largest change of brightness, contrast and saturation, as a share of each.
    pub colour: f32,
    /// Smallest and largest side of the cutout in pixels.
    #[serde(rename = "blank")]
    pub cutout: [usize; 2],
}

/// The changes that are drawn for one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct StrongChange {
    geometry: Option<Inverse>,
    colour: Option<Colour>,
    cutout: Option<Cutout>,
}

/// The linear map from an output position to the input position whose value it gets. Both are relative to
/// the middle.
#[derive(Clone, Copy, Debug)]
struct Inverse {
    row: [f32; 2],
    column: [f32; 2],
}

/// Factors of brightness, contrast and saturation; 1 changes nothing.
#[derive(Clone, Copy, Debug)]
struct Colour {
    brightness: f32,
    contrast: f32,
    saturation: f32,
}

/// A square. Its middle is given as shares of height and width.
#[derive(Clone, Copy, Debug)]
struct Cutout {
    middle: [f32; 2],
    side: usize,
}

impl StrongAugment {
    /// Limits for small images of objects.
    pub const OBJECTS: Self = Self {
        probability: 0.5,
        rotation: 20.0,
        shear: 0.25,
        scale: 0.2,
        colour: 0.3,
        cutout: [8, 10],
    };

    pub(super) fn check(&self) -> Result<()> {
        let Self { probability, scale, cutout, .. } = *self;
        ensure!(
            (0.0..=1.0).contains(&probability),
            "the probability {probability} is not from 0 to 1"
        );
        ensure!((0.0..1.0).contains(&scale), "the change of size {scale} is not from 0 to below 1");
        ensure!(
            cutout[0] <= cutout[1],
            "the smallest cutout of {} pixels is larger than the largest of {}",
            cutout[0],
            cutout[1]
        );
        Ok(())
    }

    /// Draws the changes of one image, always with the same number of random values.
    pub(super) fn draw(&self, rng: &mut impl Rng) -> StrongChange {
        let mut chosen = || rng.random_bool(self.probability);
        let (geometry, colour, cutout) = (chosen(), chosen(), chosen());
        let mut within = |limit: f32| rng.random_range(-1.0f32..=1.0) * limit;
        let (angle, shear) = (within(self.rotation).to_radians(), within(self.shear));
        let size = 1.0 + within(self.scale);
        let inverse = Inverse::new(angle, shear, size);
        let factors = Colour {
            brightness: 1.0 + within(self.colour),
            contrast: 1.0 + within(self.colour),
            saturation: 1.0 + within(self.colour),
        };
        let middle = [rng.random(), rng.random()];
        let square = Cutout { middle, side: rng.random_range(self.cutout[0]..=self.cutout[1]) };
        StrongChange {
            geometry: geometry.then_some(inverse),
            colour: colour.then_some(factors),
            cutout: cutout.then_some(square),
        }
    }
}

impl StrongChange {
    /// Changes an image `[height, width, 3]`; `spare` is scratch memory of the same length.
    pub(super) fn apply(&self, image: &mut [u8], height: usize, spare: &mut [u8]) {
        let width = image.len() / (height * IMAGE_CHANNELS);
        if let Some(inverse) = self.geometry {
            spare.copy_from_slice(image);
            inverse.sample(spare, [height, width], image);
        }
        if let Some(colour) = self.colour {
            colour.apply(image);
        }
        if let Some(cutout) = self.cutout {
            cutout.apply(image, [height, width]);
        }
    }
}

impl Inverse {
    /// Undoes a shear along the rows, then a rotation by `angle`, then a change of size.
    fn new(angle: f32, shear: f32, size: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        let row = [cos / size, -sin / size];
        let column = [sin / size, cos / size];
        Self { row, column: [column[0] + shear * row[0], column[1] + shear * row[1]] }
    }

    /// Writes the value of every position by bilinear interpolation, with reflection at the edges.
    fn sample(self, image: &[u8], [height, width]: [usize; 2], out: &mut [u8]) {
        let middle = [height, width].map(|side| (side - 1) as f32 / 2.0);
        for (at, pixel) in out.chunks_exact_mut(IMAGE_CHANNELS).enumerate() {
            let from = [(at / width) as f32 - middle[0], (at % width) as f32 - middle[1]];
            let along = |to: [f32; 2]| to[0] * from[0] + to[1] * from[1];
            let (row, column) = (along(self.row) + middle[0], along(self.column) + middle[1]);
            let corner = |down: isize, right: isize| {
                let row = reflect(row.floor() as isize + down, height);
                let column = reflect(column.floor() as isize + right, width);
                &image[(row * width + column) * IMAGE_CHANNELS..][..IMAGE_CHANNELS]
            };
            let (top, bottom) = ([corner(0, 0), corner(0, 1)], [corner(1, 0), corner(1, 1)]);
            let (down, right) = (row - row.floor(), column - column.floor());
            for (channel, value) in pixel.iter_mut().enumerate() {
                let across = |row: [&[u8]; 2]| {
                    f32::from(row[0][channel]) * (1.0 - right) + f32::from(row[1][channel]) * right
                };
                *value = (across(top) * (1.0 - down) + across(bottom) * down).round() as u8;
            }
        }
    }
}

impl Colour {
    fn apply(self, image: &mut [u8]) {
        let pixels = image.len() / IMAGE_CHANNELS;
        let luma = |pixel: &[u8]| -> f32 {
            pixel.iter().zip(LUMA).map(|(&value, share)| f32::from(value) * share).sum()
        };
        let mean = image.chunks_exact(IMAGE_CHANNELS).map(luma).sum::<f32>() / pixels.max(1) as f32;
        for pixel in image.chunks_exact_mut(IMAGE_CHANNELS) {
            let grey = luma(pixel);
            for value in pixel {
                let coloured = grey + (f32::from(*value) - grey) * self.saturation;
                let contrasted = mean + (coloured - mean) * self.contrast;
                // A cast from float to integer saturates.
                *value = (contrasted * self.brightness).round() as u8;
            }
        }
    }
}

impl Cutout {
    fn apply(self, image: &mut [u8], [height, width]: [usize; 2]) {
        let range = |middle: f32, len: usize| {
            let start = (middle * len as f32) as isize - (self.side / 2).cast_signed();
            let end = start + self.side.cast_signed();
            start.max(0).cast_unsigned()..end.clamp(0, len.cast_signed()).cast_unsigned()
        };
        let columns = range(self.middle[1], width);
        for row in range(self.middle[0], height) {
            let row = &mut image[row * width * IMAGE_CHANNELS..][..width * IMAGE_CHANNELS];
            row[columns.start * IMAGE_CHANNELS..columns.end * IMAGE_CHANNELS].fill(GREY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    fn picture(height: usize, width: usize) -> Vec<u8> {
        (0..height * width * 3).map(|i| (i * 37 % 251) as u8).collect()
    }

    fn sampled(inverse: Inverse, image: &[u8], sides: [usize; 2]) -> Vec<u8> {
        let mut out = vec![0; image.len()];
        inverse.sample(image, sides, &mut out);
        out
    }

    #[test]
    fn no_angle_is_the_identity() {
        let image = picture(5, 7);
        assert_eq!(sampled(Inverse::new(0.0, 0.0, 1.0), &image, [5, 7]), image, "unchanged");
    }

    #[test]
    fn a_quarter_turn_moves_the_corners() {
        let image = picture(4, 4);
        let turned = sampled(Inverse::new(90f32.to_radians(), 0.0, 1.0), &image, [4, 4]);
        let pixel = |image: &[u8], row: usize, column: usize| -> Vec<u8> {
            image[(row * 4 + column) * 3..][..3].to_vec()
        };
        assert_eq!(pixel(&turned, 0, 0), pixel(&image, 3, 0), "top left comes from bottom left");
        assert_eq!(pixel(&turned, 3, 0), pixel(&image, 3, 3), "bottom left from bottom right");
    }

    #[test]
    fn neutral_colours_change_nothing_and_no_saturation_is_grey() {
        let image = picture(3, 3);
        let mut same = image.clone();
        Colour { brightness: 1.0, contrast: 1.0, saturation: 1.0 }.apply(&mut same);
        assert_eq!(same, image, "unchanged");
        let mut grey = image;
        Colour { brightness: 1.0, contrast: 1.0, saturation: 0.0 }.apply(&mut grey);
        assert!(grey.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]), "{grey:?}");
    }

    #[test]
    fn a_cutout_ends_at_the_edge() {
        let mut image = vec![0; 6 * 6 * 3];
        Cutout { middle: [0.5, 0.5], side: 2 }.apply(&mut image, [6, 6]);
        assert_eq!(image.iter().filter(|&&value| value == GREY).count(), 2 * 2 * 3, "inside");
        let mut image = vec![0; 6 * 6 * 3];
        Cutout { middle: [0.0, 0.99], side: 4 }.apply(&mut image, [6, 6]);
        assert_eq!(image.iter().filter(|&&value| value == GREY).count(), 2 * 3 * 3, "a corner");
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        assert!(StrongAugment::OBJECTS.check().is_ok(), "the defaults");
        let wild = StrongAugment { scale: 1.0, ..StrongAugment::OBJECTS };
        assert!(wild.check().unwrap_err().to_string().contains("size 1"), "no size is left");
    }

    #[test]
    fn each_is_made_as_often_as_asked() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
        let strong = StrongAugment { probability: 0.25, ..StrongAugment::OBJECTS };
        let drawn: Vec<_> = (0..4000).map(|_| strong.draw(&mut rng)).collect();
        let counts = [
            drawn.iter().filter(|d| d.geometry.is_some()).count(),
            drawn.iter().filter(|d| d.colour.is_some()).count(),
            drawn.iter().filter(|d| d.cutout.is_some()).count(),
        ];
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?} of 4,000");
    }
}
