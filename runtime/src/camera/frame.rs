//! A frame in memory, and a part of it as an image.

use super::axis::{Axis, Taps, mean};
use super::error::FrameError;
use super::format::PixelFormat;
use super::size::{Rectangle, Size};
use crate::rows::tail;

/// Maximum side of a frame. The maximum side of an image is half of it. A weighted sum of bytes is at most
/// `2^24 · 255`. With the rounding term it fits u32.
pub const MAX_FRAME_SIDE: usize = 4096;

/// A frame in memory.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    size: Size,
    stride: usize,
    format: PixelFormat,
}

impl<'a> Frame<'a> {
    /// A frame of `size` whose rows begin `stride` bytes apart.
    ///
    /// # Errors
    /// [`FrameError::Side`], [`FrameError::Stride`] or [`FrameError::FrameLen`]: after this no read is
    /// outside the frame.
    pub fn new(
        bytes: &'a [u8],
        size: Size,
        stride: usize,
        format: PixelFormat,
    ) -> Result<Self, FrameError> {
        size.check(MAX_FRAME_SIDE)?;
        let Size { width, height } = size;
        let row_len = format.row_len(width);
        if stride < row_len {
            return Err(FrameError::Stride { found: stride, min: row_len });
        }
        let rows = format.rows(height);
        let min = (rows - 1).saturating_mul(stride).saturating_add(row_len);
        if bytes.len() < min {
            return Err(FrameError::FrameLen { found: bytes.len(), min });
        }
        Ok(Self { bytes, size, stride, format })
    }

    /// The whole frame.
    pub const fn whole(&self) -> Rectangle {
        self.size.whole()
    }

    /// The largest square in its middle. If the rest is odd, the extra column or row is to the right or
    /// below.
    pub const fn centre_square(&self) -> Rectangle {
        self.size.centre_square()
    }

    /// Writes `part` of the frame to `image` of `size`, `[height, width, 3]` in the order red-green-blue.
    ///
    /// # Errors
    /// [`FrameError::Side`] for a side of the image above half of [`MAX_FRAME_SIDE`],
    /// [`FrameError::Rectangle`] or [`FrameError::ImageLen`]; `image` is untouched.
    pub fn resize(&self, part: Rectangle, size: Size, image: &mut [u8]) -> Result<(), FrameError> {
        size.check(MAX_FRAME_SIDE / 2)?;
        self.size.check_part(part)?;
        let Size { width, height } = size;
        let expected = width * height * 3;
        if image.len() != expected {
            return Err(FrameError::ImageLen { found: image.len(), expected });
        }
        let columns = Axis { from: part.width, to: width };
        let rows = Axis { from: part.height, to: height };
        let (pixels, _) = image.as_chunks_mut::<3>();
        let mut pixels = pixels.iter_mut();
        for row in 0..height {
            for (column, pixel) in (0..width).zip(&mut pixels) {
                *pixel = self.weighted((part.x, columns.taps(column)), (part.y, rows.taps(row)));
            }
        }
        Ok(())
    }

    /// The weighted mean of the pixels that two taps cover.
    fn weighted(&self, (x, columns): (usize, Taps), (y, rows): (usize, Taps)) -> [u8; 3] {
        let mut sums = [0u32; 3];
        for row in rows.covered.clone() {
            let (y, weight) = (y + row, rows.weight(row));
            let bytes = tail(self.bytes, y * self.stride);
            let differences = || tail(self.bytes, (self.size.height + y / 2) * self.stride);
            let row = columns.sums(|column| self.format.pixel(bytes, differences, x + column));
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
        mean(sums, rows.total * columns.total)
    }
}
