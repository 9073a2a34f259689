//! Two images in one: mixup and `CutMix`.
//!
//! # Source
//! Zhang et al., *mixup: Beyond Empirical Risk Minimization*, 2018. Yun et al., *Regularization Strategy to
//! Train Strong Classifiers*, 2019.

use std::ops::Range;

use rand::{Rng, RngExt};
use serde::Serialize;

/// Probabilities that the images of a batch are mixed with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Mix {
    /// Probability of mixup for a batch: each image becomes the weighted mean of two.
    #[serde(rename = "blend")]
    pub mixup: f64,
    /// Probability of `CutMix` for a batch: a rectangle of each image is replaced by the same rectangle of
    /// another image.
    #[serde(rename = "paste")]
    pub cutmix: f64,
}

/// The second images of a mixed batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// The label of the image that was mixed into each image.
    pub partners: Vec<i32>,
    /// Image `i` of the batch is mixed with image `i + step`; after the last image comes the first.
    pub step: usize,
    /// The share of the original in each image, 0 to 1.
    pub share: f32,
    /// Where the partner was pasted, the same in every image of the batch; `None` after mixup.
    pub pasted: Option<Rectangle>,
}

/// A rectangle of pixels in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Rows of pixels.
    pub rows: Range<usize>,
    /// Columns of pixels.
    pub columns: Range<usize>,
}

impl Rectangle {
    /// Divides an image of `sides` `[height, width]` into a grid `[height, width]` of cells. Returns, for
    /// each cell row by row, the share of the cell that lies in the rectangle, 0 to 1.
    pub fn cover(&self, sides: [usize; 2], grid: [usize; 2]) -> Vec<f32> {
        let part = |range: &Range<usize>, side: usize, cells: usize| -> Vec<f32> {
            let cell = side as f32 / cells as f32;
            let (start, end) = (range.start as f32, range.end as f32);
            let within = |at: usize| {
                let (low, high) = (at as f32 * cell, (at + 1) as f32 * cell);
                (end.min(high) - start.max(low)).max(0.0) / cell
            };
            (0..cells).map(within).collect()
        };
        let columns = part(&self.columns, sides[1], grid[1]);
        let rows = part(&self.rows, sides[0], grid[0]);
        rows.iter().flat_map(|row| columns.iter().map(move |column| row * column)).collect()
    }
}

impl Mix {
    /// Mixes each image of a batch, planes `[len, 3, height, width]`, with another image of the batch.
    ///
    /// The share of the original is drawn uniformly, as in both papers for small images.
    pub(super) fn apply(
        &self,
        images: &mut [f32],
        labels: &[i32],
        [height, width]: [usize; 2],
        rng: &mut impl Rng,
    ) -> Option<Mixed> {
        let (choice, share) = (rng.random::<f64>(), rng.random::<f32>());
        let middle: [f32; 2] = [rng.random(), rng.random()];
        let step = rng.random_range(1..labels.len().max(2));
        if choice >= self.mixup + self.cutmix || labels.len() < 2 {
            return None;
        }
        let len = images.len() / labels.len();
        let mut originals = images.to_vec();
        originals.rotate_left(step * len);
        let mut partners = labels.to_vec();
        partners.rotate_left(step);
        if choice < self.mixup {
            for (value, other) in images.iter_mut().zip(originals) {
                *value = share * *value + (1.0 - share) * other;
            }
            return Some(Mixed { partners, step, share, pasted: None });
        }
        let side = |middle: f32, len: usize| {
            let half = (1.0 - share).sqrt() * len as f32 / 2.0;
            let middle = middle * len as f32;
            let start = (middle - half).round().max(0.0) as usize;
            start..((middle + half).round() as usize).min(len)
        };
        let (rows, columns) = (side(middle[0], height), side(middle[1], width));
        for (plane, other) in
            images.chunks_exact_mut(height * width).zip(originals.chunks_exact(height * width))
        {
            for row in rows.clone() {
                let row = row * width + columns.start..row * width + columns.end;
                plane[row.clone()].copy_from_slice(&other[row]);
            }
        }
        let pasted = rows.len() * columns.len();
        let share = 1.0 - pasted as f32 / (height * width) as f32;
        Some(Mixed { partners, step, share, pasted: Some(Rectangle { rows, columns }) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// Four images of 4 × 4 pixels whose values are their labels.
    fn batch() -> (Vec<f32>, Vec<i32>) {
        ((0..4).flat_map(|i| [i as f32; 48]).collect(), (0..4).collect())
    }

    fn mixed(mix: Mix, seed: u64) -> (Vec<f32>, Option<Mixed>) {
        let (mut images, labels) = batch();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let found = mix.apply(&mut images, &labels, [4, 4], &mut rng);
        (images, found)
    }

    #[test]
    fn mixup_is_the_weighted_mean_of_both() {
        for seed in 0..20 {
            let (images, found) = mixed(Mix { mixup: 1.0, cutmix: 0.0 }, seed);
            let Mixed { partners, share, pasted, .. } = found.expect("always mixed");
            assert_eq!(pasted, None, "a mixup has no rectangle");
            for (label, image) in images.chunks_exact(48).enumerate() {
                assert_ne!(partners[label], label as i32, "another image");
                let expected = share * label as f32 + (1.0 - share) * partners[label] as f32;
                assert!(image.iter().all(|value| (value - expected).abs() < 1e-5), "{image:?}");
            }
        }
    }

    #[test]
    fn cutmix_keeps_the_share_that_it_reports() {
        for seed in 0..50 {
            let (images, found) = mixed(Mix { mixup: 0.0, cutmix: 1.0 }, seed);
            let Mixed { partners, step, share, pasted } = found.expect("always mixed");
            let cover = pasted.expect("a rectangle").cover([4, 4], [4, 4]);
            for (label, image) in images.chunks_exact(48).enumerate() {
                let own = image.iter().filter(|&&value| value == label as f32).count();
                assert_eq!(own as f32 / 48.0, share, "seed {seed}, image {label}");
                let other = partners[label] as f32;
                assert_eq!(other as usize, (label + step) % 4, "the image `step` further");
                assert!(image.iter().all(|&v| v == label as f32 || v == other), "{image:?}");
                for (at, &value) in image.iter().enumerate() {
                    assert_eq!(cover[at % 16] == 1.0, value == other, "pixel {at} is pasted");
                }
            }
        }
    }

    #[test]
    fn a_cell_is_covered_by_the_share_of_its_pixels() {
        let rectangle = Rectangle { rows: 1..4, columns: 2..3 };
        let cover = rectangle.cover([4, 4], [2, 2]);
        assert_eq!(cover, [0.0, 0.25, 0.0, 0.5], "one column of the right half, three rows");
        let none = Rectangle { rows: 2..2, columns: 0..4 };
        assert_eq!(none.cover([4, 4], [2, 2]), [0.0; 4], "an empty rectangle");
    }

    #[test]
    fn it_happens_as_often_as_asked() {
        let count = |mix| (0..2000).filter(|&seed| mixed(mix, seed).1.is_some()).count();
        assert_eq!(count(Mix::default()), 0, "never by default");
        let half = count(Mix { mixup: 0.25, cutmix: 0.25 });
        assert!((900..1100).contains(&half), "{half} of 2,000");
    }
}
