//! The control with masked attention: the tokens of each image of a grid see only each other.
//!
//! The other control takes the other images away. So it also changes what convolutions read at the borders. Here the
//! pixels stay, and only attention between the images is cut. The integer network has no such mask, so this is the float
//! network of the checkpoint.

use super::control::Control;
use super::pointing::{Grids, QUARTERS, quarters, share};
use crate::float::FloatModel;
use anyhow::{Context, Result};
use runtime::config::Grid;
use trainer::data::Images;

/// Grids of one forward pass.
const GRIDS: usize = 50;

impl Grids {
    /// Runs each grid with attention between its images, and with attention within each image only.
    ///
    /// # Errors
    /// If the network has no evidence or reads images of another size.
    pub fn masked(
        &self,
        network: &FloatModel,
        grid: Grid,
        progress: impl Fn(usize),
    ) -> Result<Control> {
        let quarters = quarters(grid);
        let parts = parts(&quarters);
        let image = network.config().image();
        let (mut shares, mut changes, mut all) = (0.0, 0.0, 0.0);
        for (images, classes) in self.images.chunks(GRIDS).zip(self.classes.chunks(GRIDS)) {
            let labels = vec![0; images.len()];
            let images = Images::new(image.width, image.height, images.concat(), labels)?;
            for (at, quarter) in quarters.iter().enumerate() {
                let classes: Vec<_> = classes.iter().map(|classes| classes[at]).collect();
                let maps = |parts| {
                    let found = network.evidence(&images, &classes, parts)?;
                    Ok::<_, anyhow::Error>(found.context("the network has no evidence")?.maps)
                };
                for (whole, masked) in maps(None)?.iter().zip(maps(Some(&parts))?) {
                    shares += share(&masked, quarter);
                    for ((whole, masked), part) in whole.iter().zip(&masked).zip(quarter) {
                        changes += f64::from(part * (whole - masked).abs());
                        all += f64::from(part * masked.abs());
                    }
                }
            }
            progress(classes.len());
        }
        let share = shares / (QUARTERS * self.len()) as f64;
        Ok(Control { share, changed: changes / all.max(f64::MIN_POSITIVE) })
    }
}

/// The tokens of each quarter. A token that lies in several quarters belongs to the one with the largest share of it.
fn parts(quarters: &[Vec<f32>; QUARTERS]) -> Vec<Vec<usize>> {
    let mut parts = vec![vec![]; QUARTERS];
    for token in 0..quarters[0].len() {
        let mut best = 0;
        for (at, quarter) in quarters.iter().enumerate() {
            if quarter[token] > quarters[best][token] {
                best = at;
            }
        }
        parts[best].push(token);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_in_one_part() {
        let grid = |height, width| Grid { height, width, channels: 1 };
        assert_eq!(parts(&quarters(grid(2, 4))), [[0, 1], [2, 3], [4, 5], [6, 7]], "even sides");
        let odd = parts(&quarters(grid(3, 1)));
        assert_eq!(odd, [vec![0, 1], vec![2]], "the middle token is in the first part");
    }
}
