//! Pixel formats: the bytes that a frame of each takes, and how a pixel is read.

use super::colour::{bt601, rgb565};
use crate::invariant::present_or;

/// How the pixels of a frame are stored.
///
/// The formats with luma and colour differences are those of ITU-R BT.601, with luma from 16 to 235. Two
/// neighbouring pixels of a row share the colour differences. With [`Nv12`](Self::Nv12), the two pixels below
/// share them too. If the width is odd, the last pixel of a row has no partner, but takes the bytes of a
/// pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PixelFormat {
    /// Three bytes: red, green, blue.
    Rgb888,
    /// Three bytes: blue, green, red.
    Bgr888,
    /// Two bytes, the lower one first: five bits red, six green, five blue. Each colour is scaled to 0 to 255
    /// and rounded to nearest.
    Rgb565LittleEndian,
    /// The same, the upper byte first, as most sensors send it.
    Rgb565BigEndian,
    /// One byte of grey, from 0 (black) to 255 (white), also called Y8. Red, green and blue are equal to it.
    Grey,
    /// Two pixels in four bytes: luma, blue difference, luma, red difference.
    Yuyv,
    /// Two pixels in four bytes: blue difference, luma, red difference, luma.
    Uyvy,
    /// First the rows of luma, one byte for each pixel. The colour differences begin at `height` times the
    /// stride: for each 2×2 pixels, blue and red. Their rows have the same stride as those of luma. There are
    /// half as many rows, rounded up.
    Nv12,
}

impl PixelFormat {
    /// Bytes of a row of `width` pixels.
    pub(super) const fn row_len(self, width: usize) -> usize {
        match self {
            Self::Rgb888 | Self::Bgr888 => 3 * width,
            Self::Rgb565LittleEndian | Self::Rgb565BigEndian => 2 * width,
            Self::Grey => width,
            Self::Yuyv | Self::Uyvy => 2 * width.next_multiple_of(2),
            Self::Nv12 => width.next_multiple_of(2),
        }
    }

    /// Rows of bytes of a frame with `height` rows of pixels.
    pub(super) const fn rows(self, height: usize) -> usize {
        match self {
            Self::Nv12 => height + height.div_ceil(2),
            _ => height,
        }
    }

    /// Pixel `x` of a row as red, green, blue. `differences` is the row of colour differences of
    /// [`Nv12`](Self::Nv12); other formats do not read it.
    pub(super) fn pixel<'a>(
        self,
        row: &[u8],
        differences: impl FnOnce() -> &'a [u8],
        x: usize,
    ) -> [u8; 3] {
        match self {
            Self::Rgb888 => at(row, 3 * x),
            Self::Bgr888 => {
                let [blue, green, red] = at(row, 3 * x);
                [red, green, blue]
            }
            Self::Rgb565LittleEndian => rgb565(u16::from_le_bytes(at(row, 2 * x))),
            Self::Rgb565BigEndian => rgb565(u16::from_be_bytes(at(row, 2 * x))),
            Self::Grey => {
                let [grey] = at(row, x);
                [grey; 3]
            }
            Self::Yuyv => {
                let [left, blue, right, red] = at(row, 4 * (x / 2));
                bt601(if x.is_multiple_of(2) { left } else { right }, blue, red)
            }
            Self::Uyvy => {
                let [blue, left, red, right] = at(row, 4 * (x / 2));
                bt601(if x.is_multiple_of(2) { left } else { right }, blue, red)
            }
            Self::Nv12 => {
                let [luma] = at(row, x);
                let [blue, red] = at(differences(), 2 * (x / 2));
                bt601(luma, blue, red)
            }
        }
    }
}

/// `LEN` bytes from `start` on. [`Frame`](super::Frame) and [`FrameRows`](super::FrameRows) have checked that
/// they exist.
fn at<const LEN: usize>(row: &[u8], start: usize) -> [u8; LEN] {
    present_or(row.get(start..).and_then(<[u8]>::first_chunk).copied(), [0; LEN])
}
