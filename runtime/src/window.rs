//! The 3×3 windows of a grid, and a convolution as one linear layer over the windows of each output
//! row.

use crate::config::Grid;
use crate::rows::{rows_mut, tail};

/// What lies outside a grid.
#[derive(Clone, Copy, Debug)]
pub enum Pad<T> {
    /// What stands for zero in each colour channel.
    Image([T; 3]),
    /// What stands for zero in every channel.
    Zero(T),
}

/// The 3×3 windows around every position of a grid, or around every other one in both directions.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a, T> {
    /// Values of the grid, `[height, width, channels]`.
    pub x: &'a [T],
    /// Its shape.
    pub input: Grid,
    /// One position for each window: as many as in the input, or half as many rounded up.
    pub output: Grid,
    /// What lies outside the input.
    pub pad: Pad<T>,
}

impl<T: Copy> Pad<T> {
    pub(crate) fn fill(self, pixel: &mut [T]) {
        match self {
            Self::Image(zeros) => copy(pixel, &zeros),
            Self::Zero(zero) => pixel.fill(zero),
        }
    }
}

impl<T: Copy> Windows<'_, T> {
    /// 1 or 2.
    pub(crate) const fn stride(&self) -> usize {
        self.input.stride_to(self.output)
    }

    /// Calls `apply` with the windows of each output row, `[output width, 9 · channels]`, and the
    /// part of `out` that belongs to the row. A window's values are in the order row, column,
    /// channel; `scratch` has room for those of one row.
    pub fn each_row<O>(
        &self,
        scratch: &mut [T],
        out: &mut [O],
        mut apply: impl FnMut(&[T], &mut [O]),
    ) {
        let stride = self.stride();
        let row_len = (self.output.width * self.output.channels).max(1);
        for (row, out) in rows_mut(out, row_len).enumerate() {
            let window_len = (9 * self.input.channels).max(1);
            for (column, window) in rows_mut(scratch, window_len).enumerate() {
                self.gather((stride * row, stride * column), window);
            }
            apply(scratch, out);
        }
    }

    /// Copies the window around one position.
    fn gather(&self, (row, column): (usize, usize), window: &mut [T]) {
        let Grid { height, width, channels } = self.input;
        let channels = channels.max(1);
        let inside = column >= 1 && column + 1 < width;
        for (dy, line) in rows_mut(window, 3 * channels).enumerate() {
            let y = (row + dy).checked_sub(1).filter(|&y| y < height);
            if let (Some(y), true) = (y, inside) {
                let start = (y * width + column - 1) * channels;
                copy(line, tail(self.x, start));
                continue;
            }
            for (dx, pixel) in rows_mut(line, channels).enumerate() {
                let x_at = (column + dx).checked_sub(1).filter(|&x| x < width);
                match (y, x_at) {
                    (Some(y), Some(x_at)) => {
                        copy(pixel, tail(self.x, (y * width + x_at) * channels));
                    }
                    _ => self.pad.fill(pixel),
                }
            }
        }
    }
}

fn copy<X: Copy>(to: &mut [X], from: &[X]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_padded_input() {
        // One channel, 3 × 3 values 1..=9, padded with −1.
        let x: Vec<i8> = (1..=9).collect();
        let grid = Grid { height: 3, width: 3, channels: 1 };
        let mut seen = Vec::new();
        let mut out = [0u8; 9];
        let windows = Windows { x: &x, input: grid, output: grid, pad: Pad::Zero(-1) };
        windows.each_row(&mut [0; 27], &mut out, |windows, _| seen.extend_from_slice(windows));
        assert_eq!(seen[..9], [-1, -1, -1, -1, 1, 2, -1, 4, 5], "top left");
        assert_eq!(seen[4 * 9..5 * 9], [1, 2, 3, 4, 5, 6, 7, 8, 9], "centre");
        assert_eq!(seen[8 * 9..], [5, 6, -1, 8, 9, -1, -1, -1, -1], "bottom right");
    }

    #[test]
    fn a_stride_of_two_skips_every_other_window() {
        let x: Vec<i8> = (0..25).collect();
        let input = Grid { height: 5, width: 5, channels: 1 };
        let output = Grid { height: 3, width: 3, channels: 1 };
        let mut centres = Vec::new();
        let mut out = [0u8; 9];
        let windows = Windows { x: &x, input, output, pad: Pad::Zero(0) };
        windows.each_row(&mut [0; 27], &mut out, |windows, _| {
            centres.extend(windows.chunks(9).map(|window| window[4]));
        });
        assert_eq!(centres, [0, 2, 4, 10, 12, 14, 20, 22, 24], "centres of the windows");
    }

    #[test]
    fn the_image_is_padded_channel_by_channel() {
        let grid = Grid { height: 1, width: 1, channels: 3 };
        let mut out = [0u8; 3];
        let pad = Pad::Image([1, 2, 3]);
        let windows = Windows { x: &[7, 8, 9], input: grid, output: grid, pad };
        windows.each_row(&mut [0; 27], &mut out, |w, _| {
            assert_eq!(w[..3], [1, 2, 3], "outside");
            assert_eq!(w[12..15], [7, 8, 9], "the pixel");
        });
    }
}
