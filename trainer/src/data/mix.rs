//! Two images in one: mixup, `CutMix` and `ResizeMix`.
//!
//! # Source
//! Zhang et al., *mixup: Beyond Empirical Risk Minimization*, 2018. Yun et al., *Regularization Strategy to
//! Train Strong Classifiers*, 2019. Qin et al., *`ResizeMix`: Mixing Data with Preserved Object Information and True
//! Labels*, 2020.

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
    /// Probability of `ResizeMix` for a batch: a whole other image, made smaller, replaces a square of each image.
    /// `None` for 0, which is not written, as in runs of versions without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resizemix: Option<f64>,
}

/// Smallest and largest side of the square of `ResizeMix`, as a share of the image's.
const RESIZED_SIDES: [f32; 2] = [0.3, 0.7];

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
    /// Number of pixels.
    pub fn area(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

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
    /// Probability of any of them.
    pub fn any(&self) -> f64 {
        self.mixup + self.cutmix + self.resizemix.unwrap_or(0.0)
    }

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
        if choice >= self.any() || labels.len() < 2 {
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
        let whole = choice >= self.mixup + self.cutmix;
        let place = if whole { whole_place } else { cut_place };
        let rectangle = Rectangle {
            rows: place(share, middle[0], height),
            columns: place(share, middle[1], width),
        };
        let shares = whole.then(|| {
            [covered(height, rectangle.rows.len()), covered(width, rectangle.columns.len())]
        });
        let planes = images.chunks_exact_mut(height * width);
        for (plane, other) in planes.zip(originals.chunks_exact(height * width)) {
            match &shares {
                Some(shares) => paste_whole(plane, other, width, &rectangle, shares),
                None => paste_part(plane, other, width, &rectangle),
            }
        }
        let share = 1.0 - rectangle.area() as f32 / (height * width) as f32;
        Some(Mixed { partners, step, share, pasted: Some(rectangle) })
    }
}

/// Rows or columns of the rectangle of `CutMix`, whose area is `1 − share` of the image. It is cut off at the edges.
fn cut_place(share: f32, middle: f32, len: usize) -> Range<usize> {
    let half = (1.0 - share).sqrt() * len as f32 / 2.0;
    let middle = middle * len as f32;
    let start = (middle - half).round().max(0.0) as usize;
    start..((middle + half).round() as usize).min(len)
}

/// Rows or columns of the square of `ResizeMix`. `share` decides its side, and `place`, 0 to below 1, where it lies.
fn whole_place(share: f32, place: f32, len: usize) -> Range<usize> {
    let [low, high] = RESIZED_SIDES;
    let side = low + share * (high - low);
    let count = ((side * len as f32).round() as usize).clamp(1, len);
    // Rounding can reach the place after the last one.
    let start = (((len - count + 1) as f32 * place) as usize).min(len - count);
    start..start + count
}

/// Copies a rectangle of `other` to the same place of `plane`.
fn paste_part(plane: &mut [f32], other: &[f32], width: usize, place: &Rectangle) {
    for row in place.rows.clone() {
        let row = row * width + place.columns.start..row * width + place.columns.end;
        plane[row.clone()].copy_from_slice(&other[row]);
    }
}

/// Fills a rectangle of `plane` with the whole of `other`: each pixel is the mean of the pixels that it covers, which
/// [`covered`] gives for rows and for columns.
fn paste_whole(
    plane: &mut [f32],
    other: &[f32],
    width: usize,
    place: &Rectangle,
    [rows, columns]: &[Vec<Vec<(usize, f32)>>; 2],
) {
    for (row, covered_rows) in place.rows.clone().zip(rows) {
        let line = &mut plane[row * width..][place.columns.clone()];
        for (value, covered_columns) in line.iter_mut().zip(columns) {
            *value = 0.0;
            for &(from, weight) in covered_rows {
                let row = &other[from * width..][..width];
                let sum: f32 = covered_columns.iter().map(|&(at, weight)| weight * row[at]).sum();
                *value += weight * sum;
            }
        }
    }
}

/// For each of `count` equal parts of a line of `len` pixels: the pixels in it, and the share of the part that each
/// fills.
fn covered(len: usize, count: usize) -> Vec<Vec<(usize, f32)>> {
    let part = len as f32 / count as f32;
    let of_part = |at: usize| {
        let (start, end) = (at as f32 * part, (at + 1) as f32 * part);
        let pixels = start as usize..(end.ceil() as usize).min(len);
        let share = |pixel: usize| (end.min(pixel as f32 + 1.0) - start.max(pixel as f32)) / part;
        pixels.map(|pixel| (pixel, share(pixel))).filter(|&(_, share)| share > 0.0).collect()
    };
    (0..count).map(of_part).collect()
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
            let (images, found) = mixed(Mix { mixup: 1.0, ..Mix::default() }, seed);
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
            let (images, found) = mixed(Mix { cutmix: 1.0, ..Mix::default() }, seed);
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
    fn resizemix_pastes_the_whole_of_the_other_image() {
        // Each image has a column of its label at the left, and zeros.
        let labels: Vec<_> = (1..5).collect();
        let image =
            |label: i32| (0..3 * 64).map(move |at| if at % 8 == 0 { label as f32 } else { 0.0 });
        let originals: Vec<f32> = labels.iter().flat_map(|&label| image(label)).collect();
        let mix = Mix { resizemix: Some(1.0), ..Mix::default() };
        for seed in 0..50 {
            let mut images = originals.clone();
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let found = mix.apply(&mut images, &labels, [8, 8], &mut rng).expect("always mixed");
            let place = found.pasted.expect("a rectangle");
            let side = place.rows.len();
            assert_eq!(place.columns.len(), side, "a square");
            assert!(
                (2..=6).contains(&side) && place.rows.end <= 8 && place.columns.end <= 8,
                "{place:?}"
            );
            assert_eq!(found.share, 1.0 - (side * side) as f32 / 64.0, "share of the original");
            for (index, plane) in images.chunks_exact(64).enumerate() {
                let own = labels[index / 3] as f32;
                let other = found.partners[index / 3] as f32;
                for (at, &value) in plane.iter().enumerate() {
                    let (row, column) = (at / 8, at % 8);
                    let expected =
                        match place.rows.contains(&row) && place.columns.contains(&column) {
                            // The first column of the small image covers more than one of the large one.
                            true if column == place.columns.start => other * side as f32 / 8.0,
                            false if column == 0 => own,
                            _ => 0.0,
                        };
                    assert!(
                        (value - expected).abs() < 1e-5,
                        "seed {seed}, {at}: {value}, not {expected}"
                    );
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
        let half = count(Mix { mixup: 0.25, cutmix: 0.125, resizemix: Some(0.125) });
        assert!((900..1100).contains(&half), "{half} of 2,000");
    }
}
