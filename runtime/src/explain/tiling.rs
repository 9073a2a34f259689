//! Which pixels belong to which token.

use crate::camera::Rectangle;
use crate::config::{Grid, MAX_IMAGE_SIDE, MAX_TOKENS, VitConfig};
use core::num::NonZero;
use core::ops::Range;

/// The tokens of an image in rows and columns, and the pixels that belong to each of them.
///
/// ```text
/// row    = ⌊y · rows / height⌋          of the token that pixel (y, x) belongs to
/// column = ⌊x · columns / width⌋
/// ```
///
/// Each pixel belongs to one token. A token is computed from more pixels than its own: a convolution reads
/// those around it, and attention all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tiling {
    down: Axis,
    across: Axis,
}

/// One direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Axis {
    tokens: NonZero<usize>,
    pixels: NonZero<usize>,
}

impl Axis {
    /// Between 1 and [`MAX_IMAGE_SIDE`] pixels, and no more tokens than pixels.
    fn new(tokens: usize, pixels: usize) -> Option<Self> {
        let fits = pixels <= MAX_IMAGE_SIDE && tokens <= pixels;
        fits.then_some(Self { tokens: NonZero::new(tokens)?, pixels: NonZero::new(pixels)? })
    }

    /// The first pixel of a token, and of the one after the last token the number of pixels.
    fn first(self, token: usize) -> usize {
        (token * self.pixels.get() + self.tokens.get() - 1) / self.tokens
    }

    /// The token of a pixel.
    fn token(self, pixel: usize) -> Option<usize> {
        (pixel < self.pixels.get()).then(|| pixel * self.tokens.get() / self.pixels)
    }
}

impl Tiling {
    /// The tiling of a network; `None` if its tokens form no grid.
    pub fn of(config: &VitConfig) -> Option<Self> {
        Self::new(config.token_grid()?, config.image())
    }

    /// A grid of tokens over an image. The channels of both do not matter.
    ///
    /// `None` if a side is 0, or has fewer pixels than tokens, or is beyond [`MAX_IMAGE_SIDE`], or if there
    /// are more than [`MAX_TOKENS`] tokens.
    pub fn new(grid: Grid, image: Grid) -> Option<Self> {
        let down = Axis::new(grid.height, image.height)?;
        let across = Axis::new(grid.width, image.width)?;
        (grid.positions() <= MAX_TOKENS).then_some(Self { down, across })
    }

    /// Rows of tokens.
    pub const fn rows(&self) -> usize {
        self.down.tokens.get()
    }

    /// Columns of tokens.
    pub const fn columns(&self) -> usize {
        self.across.tokens.get()
    }

    /// Number of tokens, at most [`MAX_TOKENS`].
    pub const fn tokens(&self) -> usize {
        self.rows() * self.columns()
    }

    /// Number of pixels.
    pub const fn pixels(&self) -> usize {
        self.down.pixels.get() * self.across.pixels.get()
    }

    /// The token that a pixel belongs to: its index in a map. `None` outside the image.
    pub fn token_at(&self, y: usize, x: usize) -> Option<usize> {
        Some(self.down.token(y)? * self.columns() + self.across.token(x)?)
    }

    /// The pixels of the tokens in these rows and columns, which must lie in the grid.
    pub(super) fn area(&self, rows: &Range<usize>, columns: &Range<usize>) -> Rectangle {
        let (y, x) = (self.down.first(rows.start), self.across.first(columns.start));
        Rectangle {
            x,
            y,
            width: self.across.first(columns.end) - x,
            height: self.down.first(rows.end) - y,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiling(rows: usize, columns: usize, height: usize, width: usize) -> Option<Tiling> {
        let grid = |height, width| Grid { height, width, channels: 1 };
        Tiling::new(grid(rows, columns), grid(height, width))
    }

    #[test]
    fn the_area_of_a_token_is_the_pixels_that_belong_to_it() {
        for (rows, columns, height, width) in [(8, 8, 32, 32), (4, 5, 15, 18), (1, 7, 1, 50)] {
            let tiling = tiling(rows, columns, height, width).unwrap();
            let mut pixels = 0;
            for token in 0..tiling.tokens() {
                let (row, column) = (token / columns, token % columns);
                let area = tiling.area(&(row..row + 1), &(column..column + 1));
                for y in area.y..area.y + area.height {
                    for x in area.x..area.x + area.width {
                        assert_eq!(tiling.token_at(y, x), Some(token), "pixel {y}, {x}");
                        pixels += 1;
                    }
                }
            }
            assert_eq!(pixels, height * width, "each pixel once");
            assert_eq!(pixels, tiling.pixels(), "their number");
            assert_eq!(tiling.token_at(height, 0), None, "below the image");
            assert_eq!(tiling.token_at(0, width), None, "right of the image");
        }
    }

    #[test]
    fn impossible_tilings_are_refused() {
        assert!(tiling(0, 1, 4, 4).is_none() && tiling(1, 1, 0, 4).is_none(), "nothing");
        assert!(tiling(5, 1, 4, 4).is_none(), "more tokens than pixels");
        assert!(tiling(32, 33, 512, 512).is_none(), "too many tokens");
        assert!(tiling(1, 1, 513, 4).is_none(), "too large an image");
    }
}
