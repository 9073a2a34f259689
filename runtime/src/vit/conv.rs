//! A 3×3 convolution as one linear layer over the windows of each output row.

use crate::config::Grid;
use crate::rows::rows_mut;

/// What lies outside the input.
#[derive(Clone, Copy)]
pub(super) enum Pad<T> {
    /// What stands for zero in each colour channel.
    Image([T; 3]),
    /// What stands for zero in every channel.
    Zero(T),
}

impl<T: Copy> Pad<T> {
    fn fill(self, pixel: &mut [T]) {
        match self {
            Self::Image(zeros) => copy(pixel, &zeros),
            Self::Zero(zero) => pixel.fill(zero),
        }
    }
}

/// Calls `apply` with the windows of each output row, `[output width, 9 · channels]`, and the
/// part of `out` that belongs to the row. A window's values are in the order row, column, channel.
pub(super) fn each_row<X: Copy, T>(
    (x, input): (&[X], Grid),
    pad: Pad<X>,
    (out, output): (&mut [T], Grid),
    windows: &mut [X],
    mut apply: impl FnMut(&[X], &mut [T]),
) {
    // Output sizes are input sizes divided by the stride and rounded up; strides are 1 or 2.
    let stride = if output.width == input.width && output.height == input.height { 1 } else { 2 };
    let row_len = (output.width * output.channels).max(1);
    for (row, out) in rows_mut(out, row_len).enumerate() {
        let window_len = (9 * input.channels).max(1);
        for (column, window) in rows_mut(windows, window_len).enumerate() {
            gather(x, input, pad, (stride * row, stride * column), window);
        }
        apply(windows, out);
    }
}

/// Copies the 3×3 window around one position.
fn gather<X: Copy>(
    x: &[X],
    grid: Grid,
    pad: Pad<X>,
    (row, column): (usize, usize),
    window: &mut [X],
) {
    let channels = grid.channels.max(1);
    let inside = column >= 1 && column + 1 < grid.width;
    for (dy, line) in rows_mut(window, 3 * channels).enumerate() {
        let y = (row + dy).checked_sub(1).filter(|&y| y < grid.height);
        if let (Some(y), true) = (y, inside) {
            let start = (y * grid.width + column - 1) * channels;
            copy(line, x.get(start..).unwrap_or(&[]));
            continue;
        }
        for (dx, pixel) in rows_mut(line, channels).enumerate() {
            let x_at = (column + dx).checked_sub(1).filter(|&x| x < grid.width);
            match (y, x_at) {
                (Some(y), Some(x_at)) => {
                    copy(pixel, x.get((y * grid.width + x_at) * channels..).unwrap_or(&[]));
                }
                _ => pad.fill(pixel),
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
        each_row((&x, grid), Pad::Zero(-1), (&mut out, grid), &mut [0; 27], |windows, _| {
            seen.extend_from_slice(windows);
        });
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
        each_row((&x, input), Pad::Zero(0), (&mut out, output), &mut [0; 27], |windows, _| {
            centres.extend(windows.chunks(9).map(|window| window[4]));
        });
        assert_eq!(centres, [0, 2, 4, 10, 12, 14, 20, 22, 24], "centres of the windows");
    }

    #[test]
    fn the_image_is_padded_channel_by_channel() {
        let grid = Grid { height: 1, width: 1, channels: 3 };
        let mut out = [0u8; 3];
        each_row(
            (&[7, 8, 9], grid),
            Pad::Image([1, 2, 3]),
            (&mut out, grid),
            &mut [0; 27],
            |w, _| {
                assert_eq!(w[..3], [1, 2, 3], "outside");
                assert_eq!(w[12..15], [7, 8, 9], "the pixel");
            },
        );
    }
}
