//! Maps of an image: one number for each token, large where the image is important for a class.

use anyhow::Result;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use runtime::Model;
use runtime::config::Grid;

/// What a map is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    /// The evidence for the class.
    Evidence,
    /// The evidence, blurred: each token's mean with its neighbours.
    Blurred,
    /// A Gaussian around the middle of the image, where photographs usually show their object.
    Centre,
    /// Noise.
    Random,
}

impl MapKind {
    /// All of them: the evidence and what it is compared with.
    pub const ALL: [Self; 4] = [Self::Evidence, Self::Blurred, Self::Centre, Self::Random];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Blurred => "evidence, blurred",
            Self::Centre => "centre Gaussian",
            Self::Random => "random",
        }
    }

    /// A map over `grid` from the evidence of an image; `image` is its index and decides the noise.
    pub fn map(self, evidence: &[i32], grid: Grid, image: usize) -> Vec<f32> {
        match self {
            Self::Evidence => evidence.iter().map(|&value| value as f32).collect(),
            Self::Blurred => blurred(evidence, grid),
            Self::Centre => centre(grid),
            Self::Random => {
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(image as u64);
                (0..grid.positions()).map(|_| rng.random()).collect()
            }
        }
    }
}

/// The evidence for `class` in one image, `[tokens]`, and the class that the network gives it.
///
/// # Errors
/// If the model has no evidence, or the image or the arena has the wrong size.
pub(super) fn evidence(
    model: &Model<'_>,
    image: &[u8],
    arena: &mut [u8],
    class: Option<usize>,
) -> Result<(Vec<i32>, usize)> {
    let output = model.run(image, arena)?;
    let mut map = vec![0; model.config().tokens()];
    output.evidence(class.unwrap_or_else(|| output.class()), &mut map)?;
    Ok((map, output.class()))
}

/// The mean of each token with its neighbours, at most eight.
fn blurred(evidence: &[i32], grid: Grid) -> Vec<f32> {
    let (height, width) = (grid.height, grid.width);
    let near = |at: usize, len: usize| at.saturating_sub(1)..(at + 2).min(len);
    let mean = |at: usize| {
        let (rows, columns) = (near(at / width, height), near(at % width, width));
        let count = rows.len() * columns.len();
        let sum: i64 = rows
            .flat_map(|row| columns.clone().map(move |column| row * width + column))
            .map(|at| i64::from(evidence[at]))
            .sum();
        sum as f32 / count as f32
    };
    (0..height * width).map(mean).collect()
}

/// A Gaussian whose standard deviation is a quarter of each side.
fn centre(grid: Grid) -> Vec<f32> {
    let distance =
        |at: usize, len: usize| (at as f32 + 0.5 - len as f32 / 2.0) / (len as f32 / 4.0);
    let height = |at: usize| {
        let (row, column) = (at / grid.width, at % grid.width);
        let (down, right) = (distance(row, grid.height), distance(column, grid.width));
        (-0.5 * (down * down + right * right)).exp()
    };
    (0..grid.positions()).map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid { height: 3, width: 3, channels: 1 };

    #[test]
    fn a_blurred_map_is_the_mean_of_neighbours() {
        let map = MapKind::Blurred.map(&[8, 0, 0, 4, 0, 0, 0, 0, -9], GRID, 0);
        assert_eq!(map[0], 3.0, "a corner has four");
        assert_eq!(map[4], 3.0 / 9.0, "the middle has nine");
    }

    #[test]
    fn the_centre_is_the_highest_and_noise_depends_on_the_image() {
        let map = MapKind::Centre.map(&[0; 9], GRID, 0);
        assert!(map[4] > map[1] && map[1] > map[0], "{map:?}");
        let noise = |image| MapKind::Random.map(&[0; 9], GRID, image);
        assert_eq!(noise(1), noise(1), "the same image");
        assert_ne!(noise(1), noise(2), "another image");
    }
}
