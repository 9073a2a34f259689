//! A frame in memory, and a part of it as an image.

use super::axis::{Axis, Taps};
use super::colour::{bt601, byte, rgb565};
use super::error::FrameError;
use super::format::PixelFormat;
use super::size::{Rectangle, Size};
use crate::invariant::present_or;
use crate::rows::tail;

/// Maximum side of a frame. The maximum side of an image is half of it. A weighted sum of bytes is at most
/// `2^24 · 255`. With the rounding term it fits u32.
pub const MAX_FRAME_SIDE: usize = 4096;

/// A frame in memory.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    width: usize,
    height: usize,
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
        let Size { width, height } = size;
        check_sides([width, height], MAX_FRAME_SIDE)?;
        let row_len = format.row_len(width);
        if stride < row_len {
            return Err(FrameError::Stride { found: stride, min: row_len });
        }
        let rows = format.rows(height);
        let min = (rows - 1).saturating_mul(stride).saturating_add(row_len);
        if bytes.len() < min {
            return Err(FrameError::FrameLen { found: bytes.len(), min });
        }
        Ok(Self { bytes, width, height, stride, format })
    }

    /// The whole frame.
    pub const fn whole(&self) -> Rectangle {
        Rectangle { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The largest square in its middle. If the rest is odd, the extra column or row is to the right or
    /// below.
    pub const fn centre_square(&self) -> Rectangle {
        let side = if self.width < self.height { self.width } else { self.height };
        let (x, y) = ((self.width - side) / 2, (self.height - side) / 2);
        Rectangle { x, y, width: side, height: side }
    }

    /// Writes `part` of the frame to `image` of `size`, `[height, width, 3]` in the order red-green-blue.
    ///
    /// # Errors
    /// [`FrameError::Side`] for a side of the image above half of [`MAX_FRAME_SIDE`],
    /// [`FrameError::Rectangle`] or [`FrameError::ImageLen`]; `image` is untouched.
    pub fn resize(&self, part: Rectangle, size: Size, image: &mut [u8]) -> Result<(), FrameError> {
        let Size { width, height } = size;
        check_sides([width, height], MAX_FRAME_SIDE / 2)?;
        let inside = |start: usize, len: usize, side| {
            len > 0 && start.checked_add(len).is_some_and(|end| end <= side)
        };
        if !inside(part.x, part.width, self.width) || !inside(part.y, part.height, self.height) {
            return Err(FrameError::Rectangle(part));
        }
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
            for column in columns.covered.clone() {
                let weight = rows.weight(row) * columns.weight(column);
                let pixel = self.pixel(x + column, y + row);
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += weight * u32::from(value);
                }
            }
        }
        let total = (rows.total * columns.total).max(1);
        sums.map(|sum| byte(((sum + total / 2) / total).cast_signed()))
    }

    /// One pixel as red, green, blue.
    fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let row = tail(self.bytes, y * self.stride);
        match self.format {
            PixelFormat::Rgb888 => at(row, 3 * x),
            PixelFormat::Bgr888 => {
                let [blue, green, red] = at(row, 3 * x);
                [red, green, blue]
            }
            PixelFormat::Rgb565LittleEndian => rgb565(u16::from_le_bytes(at(row, 2 * x))),
            PixelFormat::Rgb565BigEndian => rgb565(u16::from_be_bytes(at(row, 2 * x))),
            PixelFormat::Grey => {
                let [grey] = at(row, x);
                [grey; 3]
            }
            PixelFormat::Yuyv => {
                let [left, blue, right, red] = at(row, 4 * (x / 2));
                bt601(if x.is_multiple_of(2) { left } else { right }, blue, red)
            }
            PixelFormat::Uyvy => {
                let [blue, left, red, right] = at(row, 4 * (x / 2));
                bt601(if x.is_multiple_of(2) { left } else { right }, blue, red)
            }
            PixelFormat::Nv12 => {
                let [luma] = at(row, x);
                let differences = tail(self.bytes, (self.height + y / 2) * self.stride);
                let [blue, red] = at(differences, 2 * (x / 2));
                bt601(luma, blue, red)
            }
        }
    }
}

fn check_sides(sides: [usize; 2], max: usize) -> Result<(), FrameError> {
    match sides.into_iter().find(|side| !(1..=max).contains(side)) {
        Some(found) => Err(FrameError::Side { found, max }),
        None => Ok(()),
    }
}

/// `LEN` bytes from `start` on. [`Frame::new`] has checked that they exist.
fn at<const LEN: usize>(row: &[u8], start: usize) -> [u8; LEN] {
    present_or(row.get(start..).and_then(<[u8]>::first_chunk).copied(), [0; LEN])
}
