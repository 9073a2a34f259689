//! Augmentation: random changes to training images that do not change their class.

mod reflect;
mod strong;

use anyhow::{Result, ensure};
use rand::{Rng, RngExt};
use runtime::config::IMAGE_CHANNELS;
use serde::Serialize;

use reflect::reflect;
pub use strong::StrongAugment;

/// The random changes of a training image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Augment {
    /// Largest shift in pixels, up, down, left and right; every shift is equally likely. Pixels from
    /// outside are the image reflected at its edge; the edge itself is not repeated.
    pub shift: usize,
    /// Whether half of the images are mirrored left to right.
    pub flip: bool,
    /// Stronger changes after these.
    #[serde(rename = "distort")]
    pub strong: Option<StrongAugment>,
}

/// A flip and a shift, drawn for one image.
#[derive(Clone, Copy)]
struct Change {
    flip: bool,
    down: isize,
    right: isize,
}

impl Augment {
    /// No augmentation.
    pub const NONE: Self = Self { shift: 0, flip: false, strong: None };

    /// Checks the numbers, and that an image of this size can be shifted so far.
    ///
    /// # Errors
    /// If [`shift`](Self::shift) is not below both sides, because reflection reaches no further, or if
    /// another number is outside its range.
    pub fn check(&self, height: usize, width: usize) -> Result<()> {
        ensure!(
            self.shift < height && self.shift < width,
            "images of {height} x {width} pixels can be shifted by at most {} pixels, not {}",
            height.min(width).saturating_sub(1),
            self.shift
        );
        self.strong.map_or(Ok(()), |strong| strong.check())
    }

    /// Writes a randomly changed copy of an image of `height` rows, both `[height, width, 3]`.
    ///
    /// The result depends only on the generator.
    ///
    /// # Panics
    /// If `out` is not as long as `image`, the length is no multiple of `3 · height`, or the size
    /// does not pass [`check`](Self::check).
    pub fn apply(&self, image: &[u8], height: usize, rng: &mut impl Rng, out: &mut [u8]) {
        assert_eq!(image.len(), out.len(), "a copy is as long as its original");
        let row_bytes = image.len() / height;
        assert_eq!(row_bytes * height, image.len(), "whole rows");
        let (change, strong) = (self.draw(rng), self.strong.map(|strong| strong.draw(rng)));
        change.copy(image, row_bytes, out);
        if let Some(strong) = strong {
            strong.apply(out, height, &mut vec![0; image.len()]);
        }
    }

    fn draw(&self, rng: &mut impl Rng) -> Change {
        // Drawn even if unused, so that turning one change off does not alter the others.
        let flip = rng.random_bool(0.5);
        let mut offset =
            || rng.random_range(0..=2 * self.shift).cast_signed() - self.shift.cast_signed();
        Change { flip: flip && self.flip, down: offset(), right: offset() }
    }
}

impl Default for Augment {
    /// Mirrors half of the images and shifts by up to 4 pixels.
    fn default() -> Self {
        Self { shift: 4, flip: true, strong: None }
    }
}

impl Change {
    fn copy(self, image: &[u8], row_bytes: usize, out: &mut [u8]) {
        let height = image.len() / row_bytes;
        let width = row_bytes / IMAGE_CHANNELS;
        for (row, out) in out.chunks_exact_mut(row_bytes).enumerate() {
            let row = reflect(row.cast_signed() - self.down, height);
            let source = &image[row * row_bytes..][..row_bytes];
            for (column, pixel) in out.chunks_exact_mut(IMAGE_CHANNELS).enumerate() {
                let shifted = reflect(column.cast_signed() - self.right, width);
                let column = if self.flip { width - 1 - shifted } else { shifted };
                pixel.copy_from_slice(&source[column * IMAGE_CHANNELS..][..IMAGE_CHANNELS]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    /// An image whose pixel at row r, column c is `[10r + c; 3]`.
    fn numbered(height: u8, width: u8) -> Vec<u8> {
        (0..height).flat_map(|row| (0..width).flat_map(move |col| [10 * row + col; 3])).collect()
    }

    fn changed(change: Change) -> Vec<u8> {
        let image = numbered(2, 4);
        let mut out = vec![0; image.len()];
        change.copy(&image, 12, &mut out);
        out.chunks_exact(3).map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn nothing_drawn_is_the_identity() {
        let change = Change { flip: false, down: 0, right: 0 };
        assert_eq!(changed(change), [0, 1, 2, 3, 10, 11, 12, 13], "unchanged");
    }

    #[test]
    fn a_flip_mirrors_columns() {
        let change = Change { flip: true, down: 0, right: 0 };
        assert_eq!(changed(change), [3, 2, 1, 0, 13, 12, 11, 10], "mirrored");
    }

    #[test]
    fn shifts_reflect_at_the_edge() {
        let right = Change { flip: false, down: 0, right: 2 };
        assert_eq!(changed(right), [2, 1, 0, 1, 12, 11, 10, 11], "two to the right");
        let left = Change { flip: false, down: 0, right: -2 };
        assert_eq!(changed(left), [2, 3, 2, 1, 12, 13, 12, 11], "two to the left");
        let down = Change { flip: false, down: 1, right: 0 };
        assert_eq!(changed(down), [10, 11, 12, 13, 0, 1, 2, 3], "one down");
    }

    #[test]
    fn every_change_occurs_equally_often() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let augment = Augment { shift: 1, flip: true, strong: None };
        let mut counts = std::collections::BTreeMap::<_, u32>::new();
        for _ in 0..18_000 {
            let Change { flip, down, right } = augment.draw(&mut rng);
            *counts.entry((flip, down, right)).or_default() += 1;
        }
        assert_eq!(counts.len(), 18, "2 flips x 3 rows x 3 columns");
        for (change, count) in counts {
            assert!(count.abs_diff(1000) < 150, "{change:?} occurs {count} times");
        }
    }

    #[test]
    fn reflection_repeats() {
        let row: Vec<_> = (-7..7).map(|i| reflect(i, 4)).collect();
        assert_eq!(row, [1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0], "a row of four");
        assert_eq!([-3, 0, 5].map(|i| reflect(i, 1)), [0; 3], "a row of one");
    }

    #[test]
    fn channels_stay_together() {
        let image: Vec<u8> = (0..3 * 5 * 5).collect();
        let mut out = vec![0; image.len()];
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
        for _ in 0..50 {
            Augment::default().apply(&image, 5, &mut rng, &mut out);
            for pixel in out.chunks_exact(3) {
                assert!(image.chunks_exact(3).any(|original| original == pixel), "{pixel:?}");
            }
        }
    }

    #[test]
    fn a_shift_beyond_the_reflection_is_refused() {
        assert!(Augment::default().check(5, 5).is_ok(), "4 of 5");
        let error = Augment::default().check(4, 32).unwrap_err().to_string();
        assert!(error.contains("at most 3 pixels, not 4"), "{error}");
    }
}
