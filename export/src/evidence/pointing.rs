//! Grid pointing: whether the evidence for a class lies on the image of that class.
//!
//! Four images of four classes, each at half its size, make one image. For each of the four classes, the
//! share of the positive evidence that lies on the class's own quarter is counted: 25 % by chance.
//!
//! # Source
//! Böhle et al., *B-cos Networks: Alignment Is All We Need for Interpretability*, 2022, section 4;
//! Zhang et al., *Top-Down Neural Attention by Excitation Backprop*, 2016. Here networks see the grid at the size
//! of one image, because their number of tokens is fixed.

use super::maps::{MapKind, evidence};
use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use runtime::Model;
use runtime::config::Grid;
use trainer::data::Images;

/// Quarters of a grid.
pub(super) const QUARTERS: usize = 4;
/// Seed for the choice of the images of a grid.
const SEED: u64 = 1;

/// Grids of four images.
#[derive(Clone, Debug)]
pub struct Grids {
    /// Each grid as one image.
    pub(super) images: Vec<Vec<u8>>,
    /// The class of each quarter: upper left, upper right, lower left, lower right.
    pub(super) classes: Vec<[usize; QUARTERS]>,
}

impl Grids {
    /// At most `count` grids of the images at `candidates`, each image in one grid at most.
    ///
    /// # Errors
    /// If a side of the images is odd, or there is not one grid.
    pub fn new(images: &Images, candidates: &[usize], count: usize) -> Result<Self> {
        let (height, width) = (images.height(), images.width());
        ensure!(
            height.is_multiple_of(2) && width.is_multiple_of(2),
            "images of {height} x {width} pixels have no half size: a side is odd"
        );
        let mut order = candidates.to_vec();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(SEED));
        let mut grids = Self { images: Vec::new(), classes: Vec::new() };
        let mut waiting: Vec<usize> = Vec::new();
        // Images wait until there are images of three other classes.
        while let Some(next) = order.pop().filter(|_| grids.images.len() < count) {
            waiting.push(next);
            let mut four: Vec<usize> = Vec::new();
            for &image in &waiting {
                if four.len() < QUARTERS
                    && four.iter().all(|&other| images.label(other) != images.label(image))
                {
                    four.push(image);
                }
            }
            if let Ok(four) = <[usize; QUARTERS]>::try_from(four) {
                waiting.retain(|image| !four.contains(image));
                grids.images.push(grid_of(images, four));
                grids.classes.push(four.map(|image| images.label(image).into()));
            }
        }
        ensure!(
            !grids.images.is_empty(),
            "{} images that are classified correctly do not fill one grid of four classes",
            candidates.len()
        );
        Ok(grids)
    }

    /// Number of grids.
    pub const fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is no grid.
    pub const fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The mean share of positive evidence on the right quarter, 0 to 1, for each kind of map;
    /// `progress` counts grids.
    ///
    /// # Errors
    /// If the model has no evidence or reads images of another size.
    pub fn pointing(
        &self,
        model: &Model<'_>,
        grid: Grid,
        progress: impl Fn(usize) + Sync,
    ) -> Result<Vec<(MapKind, f64)>> {
        let quarters = quarters(grid);
        let shares = (0..self.len()).into_par_iter().map_init(
            || vec![0; model.arena_len_fast()],
            |arena, index| {
                let mut sums = [0.0; MapKind::ALL.len()];
                for (quarter, &class) in quarters.iter().zip(&self.classes[index]) {
                    let (found, _) = evidence(model, &self.images[index], arena, Some(class))?;
                    for (sum, kind) in sums.iter_mut().zip(MapKind::ALL) {
                        *sum += share(&kind.map(&found, grid, index), quarter);
                    }
                }
                progress(1);
                Ok(sums.map(|sum| sum / QUARTERS as f64))
            },
        );
        let shares = shares.collect::<Result<Vec<_>>>()?;
        let mean = |kind: usize| shares.iter().map(|sums| sums[kind]).sum::<f64>();
        let means = MapKind::ALL.iter().enumerate();
        Ok(means.map(|(at, &kind)| (kind, mean(at) / self.len() as f64)).collect())
    }
}

/// Four images at half their size as one image.
fn grid_of(images: &Images, four: [usize; QUARTERS]) -> Vec<u8> {
    let (height, width) = (images.height(), images.width());
    let mut grid = vec![0; images.image_len()];
    for (quarter, image) in four.into_iter().enumerate() {
        let pixels = images.image(image);
        let (top, left) = (quarter / 2 * (height / 2), quarter % 2 * (width / 2));
        for row in 0..height / 2 {
            for column in 0..width / 2 {
                for channel in 0..3 {
                    let at = |down: usize, right: usize| {
                        ((2 * row + down) * width + 2 * column + right) * 3 + channel
                    };
                    let sum: u32 = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)]
                        .map(|at| u32::from(pixels[at]))
                        .iter()
                        .sum();
                    let place = ((top + row) * width + left + column) * 3 + channel;
                    grid[place] = ((sum + 2) / 4) as u8;
                }
            }
        }
    }
    grid
}

/// The share of each token that lies in each quarter of the image, 0 to 1.
pub(super) fn quarters(grid: Grid) -> [Vec<f32>; QUARTERS] {
    let part = |at: usize, len: usize, second: bool| {
        let first = (len as f32 / 2.0 - at as f32).clamp(0.0, 1.0);
        if second { 1.0 - first } else { first }
    };
    [0, 1, 2, 3].map(|quarter| {
        let token = |at: usize| {
            let (row, column) = (at / grid.width, at % grid.width);
            part(row, grid.height, quarter >= 2) * part(column, grid.width, quarter % 2 == 1)
        };
        (0..grid.positions()).map(token).collect()
    })
}

/// The share of a map's positive values that lies in a quarter; 0 if it has none.
pub(super) fn share(map: &[f32], quarter: &[f32]) -> f64 {
    let positive = |value: &f32| f64::from(value.max(0.0));
    let all: f64 = map.iter().map(positive).sum();
    let inside: f64 =
        map.iter().zip(quarter).map(|(value, part)| positive(value) * f64::from(*part)).sum();
    if all > 0.0 { inside / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of 4 × 4 pixels, each of one value; image `i` has class `i % 4`.
    fn images(count: u8) -> Images {
        let pixels = (0..count).flat_map(|image| [10 * image; 48]).collect();
        Images::new(4, 4, pixels, (0..count).map(|image| u16::from(image % 4)).collect()).unwrap()
    }

    #[test]
    fn a_grid_holds_four_classes_and_no_image_twice() {
        let grids = Grids::new(&images(12), &(0..12).collect::<Vec<_>>(), 100).unwrap();
        assert_eq!(grids.len(), 3, "twelve images of four classes");
        let mut seen = Vec::new();
        for (image, classes) in grids.images.iter().zip(&grids.classes) {
            let mut sorted = *classes;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3], "classes");
            for (quarter, class) in classes.iter().enumerate() {
                let (row, column) = (quarter / 2 * 2, quarter % 2 * 2);
                let corner = image[(row * 4 + column) * 3];
                assert_eq!(usize::from(corner / 10 % 4), *class, "quarter {quarter}");
                assert_eq!(image[((row + 1) * 4 + column + 1) * 3 + 2], corner, "its other end");
                seen.push(corner);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 12, "each image once");
    }

    #[test]
    fn too_few_classes_are_refused() {
        let error = Grids::new(&images(12), &[0, 4, 8, 1, 2], 1).unwrap_err().to_string();
        assert!(error.contains("5 images"), "{error}");
    }

    #[test]
    fn quarters_share_the_tokens() {
        let grid = Grid { height: 3, width: 2, channels: 1 };
        let quarters = quarters(grid);
        assert_eq!(quarters[0], [1.0, 0.0, 0.5, 0.0, 0.0, 0.0], "upper left");
        assert_eq!(quarters[3], [0.0, 0.0, 0.0, 0.5, 0.0, 1.0], "lower right");
        let positive = [2.0, -5.0, 2.0, 1.0, 0.0, 0.0];
        assert!((share(&positive, &quarters[0]) - 0.6).abs() < 1e-9, "3 of 5");
        assert_eq!(share(&[-1.0; 6], &quarters[0]), 0.0, "no positive evidence");
    }
}
