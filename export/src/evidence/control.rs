//! The control: how a map of one image changes when the other images of its grid are taken away.
//!
//! A map is exact for the logit, but attention and convolutions have mixed the tokens before. Here one
//! image of a grid is left, and the other three become its mean colour. If tokens were independent of each
//! other, the evidence on the image that is left would stay the same.

use super::maps::{MapKind, evidence};
use super::pointing::{Grids, QUARTERS, quarters, share};
use anyhow::Result;
use rayon::prelude::*;
use runtime::Model;
use runtime::config::Grid;

/// What is found when the other images of a grid are taken away, or cannot be seen.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Control {
    /// The mean share of positive evidence on that image, 0 to 1.
    pub share: f64,
    /// How much its evidence changes: the sum of the magnitudes of all changes on it, divided by the sum of
    /// the magnitudes of its evidence without the others. 0 if the tokens do not depend on each other.
    pub changed: f64,
}

impl Grids {
    /// Runs each grid as it is, and with each of its images alone.
    ///
    /// # Errors
    /// As [`pointing`](Self::pointing).
    pub fn control(&self, model: &Model<'_>, grid: Grid) -> Result<Control> {
        let quarters = quarters(grid);
        let width = model.config().image().width;
        let sums = (0..self.len()).into_par_iter().map_init(
            || vec![0; model.arena_len_fast()],
            |arena, index| {
                let mut sums = [0.0; 3];
                for (at, (quarter, &class)) in quarters.iter().zip(&self.classes[index]).enumerate()
                {
                    let (whole, _) = evidence(model, &self.images[index], arena, Some(class))?;
                    let image = alone(&self.images[index], width, at);
                    let (found, _) = evidence(model, &image, arena, Some(class))?;
                    sums[0] += share(&MapKind::Evidence.map(&found, grid, index), quarter);
                    for ((&whole, &found), &part) in whole.iter().zip(&found).zip(quarter) {
                        sums[1] += f64::from(part) * f64::from(whole.abs_diff(found));
                        sums[2] += f64::from(part) * f64::from(found.unsigned_abs());
                    }
                }
                Ok(sums)
            },
        );
        let sums = sums.collect::<Result<Vec<_>>>()?;
        let sum = |at: usize| sums.iter().map(|sums| sums[at]).sum::<f64>();
        let share = sum(0) / (QUARTERS * self.len()) as f64;
        Ok(Control { share, changed: sum(1) / sum(2).max(f64::MIN_POSITIVE) })
    }
}

/// A grid that keeps one quarter; the others have the mean colour of that quarter.
fn alone(grid: &[u8], width: usize, quarter: usize) -> Vec<u8> {
    let height = grid.len() / 3 / width;
    let inside = |at: usize| {
        let (row, column) = (at / width, at % width);
        (row >= height / 2) == (quarter >= 2) && (column >= width / 2) == (quarter % 2 == 1)
    };
    let pixels = || grid.chunks_exact(3).enumerate();
    let count = height * width / QUARTERS;
    let mean = [0, 1, 2].map(|channel| {
        let values = pixels().filter(|(at, _)| inside(*at)).map(|(_, pixel)| pixel[channel]);
        ((values.map(usize::from).sum::<usize>() + count / 2) / count) as u8
    });
    pixels()
        .flat_map(|(at, pixel)| if inside(at) { [pixel[0], pixel[1], pixel[2]] } else { mean })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alone_leaves_one_quarter() {
        let grid: Vec<u8> = (0..4).flat_map(|pixel| [10 * pixel, 1, 2]).collect();
        assert_eq!(alone(&grid, 2, 1), [10, 1, 2].repeat(4), "the colour of the upper right pixel");
    }
}
