//! The 3×3 windows of a grid, and a convolution as one linear layer over the windows of each output
//! row.

use crate::config::Grid;
use crate::rows::{copy, part_mut, rows_mut, tail};
use core::ops::Range;

/// The values outside a grid.
#[derive(Clone, Copy, Debug)]
pub enum Pad<T> {
    /// The value that represents zero in each colour channel.
    Image([T; 3]),
    /// The value that represents zero in every channel.
    Zero(T),
}

/// A grid, and the rows of it that a depthwise convolution writes. Outside the grid is padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// The grid that is read.
    pub grid: Grid,
    /// Which rows are written; none beyond the grid.
    pub rows: Range<usize>,
}

/// The 3×3 windows around positions of a grid, or around every other one in both directions.
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a, T> {
    /// The last rows of the grid, `[lines, width, channels]`: row `y` is line `y % lines`. It must have all
    /// rows that a window covers.
    pub x: &'a [T],
    /// Number of rows in `x`.
    pub lines: usize,
    /// The first row of `output` that is written.
    pub first: usize,
    /// Shape of the grid.
    pub input: Grid,
    /// One position for each window: as many as in the input, or half as many rounded up.
    pub output: Grid,
    /// The values outside the input.
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

impl<'a, T: Copy> Windows<'a, T> {
    /// 1 or 2.
    pub(crate) const fn stride(&self) -> usize {
        self.input.stride_to(self.output)
    }

    /// Row `y − 1` of the grid; `None` outside.
    #[inline]
    pub(crate) fn line(&self, y: usize) -> Option<&'a [T]> {
        let y = y.checked_sub(1).filter(|&y| y < self.input.height)?;
        let len = self.input.width * self.input.channels;
        Some(tail(self.x, y.checked_rem(self.lines)? * len))
    }

    /// Calls `apply` with windows, `[positions, 9 · channels]`, and the numbers of their positions, for `len`
    /// values of the output from the first row on. The positions are neighbours in a row, as many as
    /// `scratch` has room for. A window's values are in the order row, column, channel.
    // A dynamic call, so that a device has this loop once.
    pub fn each(&self, scratch: &mut [T], len: usize, apply: &mut dyn FnMut(&[T], Range<usize>)) {
        let (stride, width) = (self.stride(), self.output.width);
        let window_len = (9 * self.input.channels).max(1);
        let together = scratch.len().checked_div(window_len).unwrap_or(0).max(1);
        let rows = len.checked_div(width * self.output.channels).unwrap_or(0);
        for row in 0..rows {
            let top = stride * (self.first + row);
            let lines = [self.line(top), self.line(top + 1), self.line(top + 2)];
            let mut column = 0;
            while column < width {
                let count = together.min(width - column);
                for (at, window) in rows_mut(scratch, window_len).take(count).enumerate() {
                    self.gather(&lines, stride * (column + at), window);
                }
                let first = row * width + column;
                apply(scratch.get(..count * window_len).unwrap_or(&[]), first..first + count);
                column += count;
            }
        }
    }

    /// The part of the output that belongs to positions.
    pub fn places<'o, O>(&self, out: &'o mut [O], positions: Range<usize>) -> &'o mut [O] {
        let channels = self.output.channels;
        part_mut(out, positions.start * channels, positions.len() * channels)
    }

    /// Copies the window around a column of three rows.
    fn gather(&self, lines: &[Option<&[T]>; 3], column: usize, window: &mut [T]) {
        let (width, channels) = (self.input.width, self.input.channels.max(1));
        let inside = column >= 1 && column + 1 < width;
        for (to, line) in rows_mut(window, 3 * channels).zip(lines) {
            if let (Some(line), true) = (line, inside) {
                copy(to, tail(line, (column - 1) * channels));
                continue;
            }
            for (dx, pixel) in rows_mut(to, channels).enumerate() {
                let at = (column + dx).checked_sub(1).filter(|&at| at < width);
                match (line, at) {
                    (Some(line), Some(at)) => copy(pixel, tail(line, at * channels)),
                    _ => self.pad.fill(pixel),
                }
            }
        }
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
        let pad = Pad::Zero(-1);
        let windows = Windows { x: &x, lines: 3, first: 0, input: grid, output: grid, pad };
        // Two windows at a time, then the third of the row.
        windows.each(&mut [0; 20], 9, &mut |windows, _| seen.extend_from_slice(windows));
        assert_eq!(seen.len(), 81, "a window for each position");
        assert_eq!(seen[..9], [-1, -1, -1, -1, 1, 2, -1, 4, 5], "top left");
        assert_eq!(seen[4 * 9..5 * 9], [1, 2, 3, 4, 5, 6, 7, 8, 9], "centre");
        assert_eq!(seen[8 * 9..], [5, 6, -1, 8, 9, -1, -1, -1, -1], "bottom right");
    }

    #[test]
    fn a_window_reads_rows_of_a_ring_buffer() {
        // Rows 2 to 4 of five: row 3 is line 0.
        let (x, grid) = ([3, 4, 2], Grid { height: 5, width: 1, channels: 1 });
        let pad = Pad::Zero(0);
        for (first, column) in [(3, [2, 3, 4]), (4, [3, 4, 0])] {
            let windows = Windows { x: &x, lines: 3, first, input: grid, output: grid, pad };
            windows.each(&mut [0; 9], 1, &mut |window, _| {
                assert_eq!([window[1], window[4], window[7]], column, "around row {first}");
            });
        }
    }

    #[test]
    fn a_stride_of_two_skips_every_other_window() {
        let x: Vec<i8> = (0..25).collect();
        let input = Grid { height: 5, width: 5, channels: 1 };
        let output = Grid { height: 3, width: 3, channels: 1 };
        let mut centres = Vec::new();
        let windows = Windows { x: &x, lines: 5, first: 0, input, output, pad: Pad::Zero(0) };
        windows.each(&mut [0; 27], 9, &mut |windows, _| {
            centres.extend(windows.chunks(9).map(|window| window[4]));
        });
        assert_eq!(centres, [0, 2, 4, 10, 12, 14, 20, 22, 24], "centres of the windows");
    }

    #[test]
    fn the_image_is_padded_channel_by_channel() {
        let grid = Grid { height: 1, width: 1, channels: 3 };
        let pad = Pad::Image([1, 2, 3]);
        let windows = Windows { x: &[7, 8, 9], lines: 1, first: 0, input: grid, output: grid, pad };
        windows.each(&mut [0; 27], 3, &mut |w, _| {
            assert_eq!(w[..3], [1, 2, 3], "outside");
            assert_eq!(w[12..15], [7, 8, 9], "the pixel");
        });
    }
}
