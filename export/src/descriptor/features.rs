//! What the network computes from images before the descriptor: embeddings, and sums of tokens over cells.

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use runtime::Model;
use runtime::config::Grid;
use runtime::site::{BlockSite, SiteId};
use trainer::data::Images;

/// Where the appearance part reads the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Blocks before the tokens are summed.
    pub block: u8,
    /// Rows and columns of cells.
    pub cells: [u8; 2],
}

impl Place {
    /// The middle of the network, where shapes and colours are still in their places, and two rows of two
    /// cells.
    ///
    /// # Errors
    /// If the tokens form no grid of even sides.
    pub fn of(model: &Model<'_>) -> Result<Self> {
        let grid = token_grid(model)?;
        ensure!(
            grid.height % 2 == 0 && grid.width % 2 == 0,
            "{} × {} tokens cannot be cut into two rows of two cells",
            grid.height,
            grid.width
        );
        let depth = model.config().spec().depth;
        Ok(Self { block: depth.div_ceil(2), cells: [2, 2] })
    }

    /// Number of cells.
    pub fn count(&self) -> usize {
        usize::from(self.cells[0]) * usize::from(self.cells[1])
    }
}

/// What the network computes from one image.
#[derive(Clone, Debug)]
pub struct Features {
    /// `[dim]`.
    pub embedding: Vec<i8>,
    /// `[cells, dim]`.
    pub sums: Vec<i32>,
}

/// The features of images, in their order; `progress` counts images.
///
/// # Errors
/// If an image has another size than the model reads, or the tokens form no grid.
pub fn features(
    model: &Model<'_>,
    place: Place,
    images: &Images,
    progress: impl Fn(usize) + Sync,
) -> Result<Vec<Features>> {
    let grid = token_grid(model)?;
    let found = (0..images.len()).into_par_iter().map_init(
        || vec![0; model.arena_len_fast()],
        |arena, index| {
            let mut stream = Vec::new();
            let wanted = SiteId::Block { block: place.block - 1, at: BlockSite::Output };
            let output = model.run_observed(images.image(index), arena, &mut |site, values| {
                if site == wanted {
                    stream.extend(values.integers());
                }
            })?;
            progress(1);
            Ok(Features {
                embedding: output.embedding().to_vec(),
                sums: cells(&stream, grid, place),
            })
        },
    );
    found.collect()
}

fn token_grid(model: &Model<'_>) -> Result<Grid> {
    model.config().token_grid().context("the tokens form no grid, so there are no cells to sum")
}

/// Sums of the residual stream over each cell.
fn cells(stream: &[i32], grid: Grid, place: Place) -> Vec<i32> {
    let [rows, columns] = place.cells.map(usize::from);
    let dim = grid.channels;
    let mut sums = vec![0; rows * columns * dim];
    for (token, values) in stream.chunks_exact(dim).enumerate() {
        let (y, x) = (token / grid.width, token % grid.width);
        let cell = y * rows / grid.height * columns + x * columns / grid.width;
        for (sum, value) in sums[cell * dim..][..dim].iter_mut().zip(values) {
            *sum += value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_summed_where_they_lie() {
        let grid = Grid { height: 2, width: 4, channels: 2 };
        let stream: Vec<i32> = (0..16).collect();
        let place = Place { block: 1, cells: [1, 2] };
        // Tokens 0, 1, 4, 5 and 2, 3, 6, 7.
        assert_eq!(cells(&stream, grid, place), [20, 24, 36, 40]);
    }
}
