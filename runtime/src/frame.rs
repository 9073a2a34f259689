//! From a frame of a camera to the image that a model reads: a rectangle of the frame, in another size, as
//! red, green and blue.
//!
//! Width and height are resampled separately. Where a side shrinks, an output is the average over the area
//! that it covers; a pixel that is covered in part counts in part. Where a side grows, an output is
//! interpolated linearly between the centres of two pixels, and the edge is repeated. Sums are exact and
//! rounded once, half up.
//!
//! # Example
//! ```
//! use runtime::frame::{Frame, FrameError, PixelFormat, Size};
//!
//! /// The centre of a QVGA frame of an OV2640 or the like as a 32 × 32 image.
//! fn image(bytes: &[u8; 320 * 240 * 2], image: &mut [u8; 32 * 32 * 3]) -> Result<(), FrameError> {
//!     let size = Size { width: 320, height: 240 };
//!     let frame = Frame::new(bytes, size, 2 * 320, PixelFormat::Rgb565BigEndian)?;
//!     frame.resize(frame.centre_square(), Size { width: 32, height: 32 }, image)
//! }
//! # let mut out = [0; 32 * 32 * 3];
//! # image(&[0xF8; 320 * 240 * 2], &mut out).unwrap();
//! # assert_eq!(out[..3], [255, 28, 197], "11111 000111 11000");
//! ```

use crate::invariant::present_or;
use crate::rows::tail;
use core::fmt;
use core::ops::Range;

/// Maximum side of a frame; an image has at most half of it. A sum of 2^24 bytes, and half of it more, fit
/// u32.
pub const MAX_FRAME_SIDE: usize = 4096;

/// How a pixel is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PixelFormat {
    /// Three bytes: red, green, blue.
    Rgb888,
    /// Three bytes: blue, green, red.
    Bgr888,
    /// Five bits red, six green, five blue, the upper byte last. Each colour is rounded to the nearest byte.
    Rgb565LittleEndian,
    /// The same, the upper byte first, as most sensors send it.
    Rgb565BigEndian,
    /// Two pixels in four bytes: luma, blue difference, luma, red difference; ITU-R BT.601 with luma
    /// from 16 to 235.
    Yuyv,
}

impl PixelFormat {
    /// Bytes of a row of `width` pixels.
    const fn row_len(self, width: usize) -> usize {
        match self {
            Self::Rgb888 | Self::Bgr888 => 3 * width,
            Self::Rgb565LittleEndian | Self::Rgb565BigEndian => 2 * width,
            Self::Yuyv => 2 * width.next_multiple_of(2),
        }
    }
}

/// Width and height of a frame or an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A part of a frame, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Rectangle {
    /// Columns to the left of it.
    pub x: usize,
    /// Rows above it.
    pub y: usize,
    /// Its columns.
    pub width: usize,
    /// Its rows.
    pub height: usize,
}

/// Why a frame, or a part of it, cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FrameError {
    /// A side is outside `1..=max`.
    Side {
        /// The side.
        found: usize,
        /// The longest side that is allowed.
        max: usize,
    },
    /// The stride is shorter than a row.
    Stride {
        /// Bytes from one row to the next.
        found: usize,
        /// Bytes of a row.
        min: usize,
    },
    /// The frame has fewer bytes than its rows.
    FrameLen {
        /// Bytes given.
        found: usize,
        /// Bytes from the first pixel to the last.
        min: usize,
    },
    /// The rectangle is empty or not inside the frame.
    Rectangle(Rectangle),
    /// The length of the image disagrees with its size.
    ImageLen {
        /// Bytes given.
        found: usize,
        /// Height times width times three.
        expected: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side { found, max } => write!(f, "a side is {found}, allowed is 1 to {max}"),
            Self::Stride { found, min } => {
                write!(f, "rows are {found} bytes apart and have {min}")
            }
            Self::FrameLen { found, min } => {
                write!(f, "the frame has {found} bytes, its rows {min}")
            }
            Self::Rectangle(Rectangle { x, y, width, height }) => write!(
                f,
                "the rectangle of {width} x {height} pixels at ({x}, {y}) is not a part of the frame"
            ),
            Self::ImageLen { found, expected } => {
                write!(f, "the image has {found} bytes, its size asks for {expected}")
            }
        }
    }
}

impl core::error::Error for FrameError {}

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
        let min = (height - 1).saturating_mul(stride).saturating_add(row_len);
        if bytes.len() < min {
            return Err(FrameError::FrameLen { found: bytes.len(), min });
        }
        Ok(Self { bytes, width, height, stride, format })
    }

    /// All of it.
    pub const fn whole(&self) -> Rectangle {
        Rectangle { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The largest square in its middle; what is left over by an odd number is right and below.
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
            PixelFormat::Yuyv => {
                let [left, blue, right, red] = at(row, 4 * (x / 2));
                bt601(if x.is_multiple_of(2) { left } else { right }, blue, red)
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

/// `LEN` bytes from `start` on. [`Frame::new`] made sure that they are there.
fn at<const LEN: usize>(row: &[u8], start: usize) -> [u8; LEN] {
    present_or(row.get(start..).and_then(<[u8]>::first_chunk).copied(), [0; LEN])
}

fn rgb565(pixel: u16) -> [u8; 3] {
    let [high, low] = pixel.to_be_bytes();
    let (red, green, blue) = (high >> 3, (high & 7) << 3 | low >> 5, low & 31);
    // 255 / 31 and 255 / 63 in 64ths. With these offsets every value is rounded to the nearest byte.
    let five = |value: u8| byte((527 * i32::from(value) + 23) >> 6);
    let six = |value: u8| byte((259 * i32::from(value) + 33) >> 6);
    [five(red), six(green), five(blue)]
}

/// Luma and colour differences to red, green, blue, in `2^16`ths.
fn bt601(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let luma = 76_309 * (i32::from(luma) - 16) + (1 << 15);
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let sums = [luma + 104_597 * red, luma - 25_675 * blue - 53_279 * red, luma + 132_201 * blue];
    sums.map(|sum| byte(sum >> 16))
}

/// Clamps to a byte.
#[expect(clippy::cast_sign_loss, reason = "clamped to 0..=255")]
fn byte(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// From `from` pixels of a frame to `to` pixels of an image.
#[derive(Clone, Copy)]
struct Axis {
    from: usize,
    to: usize,
}

/// The pixels that one output is made of.
#[derive(Clone)]
struct Taps {
    covered: Range<usize>,
    /// Where the output begins and ends. A pixel is `unit` long, and its weight is the length of the output
    /// in it.
    begin: usize,
    end: usize,
    unit: usize,
    total: u32,
}

impl Axis {
    /// Output `index`.
    ///
    /// The area of an output begins at `index · from / to`. Linear interpolation is the average over an area
    /// as wide as a pixel around the centre `(index + 1/2) · from / to`, moved inside the frame.
    #[expect(clippy::cast_possible_truncation, reason = "sides are at most 2^12")]
    fn taps(self, index: usize) -> Taps {
        let Self { from, to } = self;
        let (begin, width, unit) = if from >= to {
            (index * from, from, to)
        } else {
            let first = ((2 * index + 1) * from).saturating_sub(to);
            (first.min(2 * to * (from - 1)), 2 * to, 2 * to)
        };
        let end = begin + width;
        let unit = unit.max(1);
        Taps { covered: begin / unit..end.div_ceil(unit), begin, end, unit, total: width as u32 }
    }
}

impl Taps {
    /// How much of the output a pixel covers.
    #[expect(clippy::cast_possible_truncation, reason = "at most a pixel's units, 2^12")]
    fn weight(&self, pixel: usize) -> u32 {
        let (begin, end) = (pixel * self.unit, (pixel + 1) * self.unit);
        end.min(self.end).saturating_sub(begin.max(self.begin)) as u32
    }
}
