//! Why a frame, or a part of it, cannot be used.

use super::format::PixelFormat;
use super::size::Rectangle;
use core::fmt;

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
    /// The colours of this format come after all rows of the frame, so that it cannot be resized row by row.
    Format(PixelFormat),
    /// The memory for sums is too short.
    Memory {
        /// Words given.
        found: usize,
        /// Words that are needed.
        min: usize,
    },
    /// A row has fewer bytes than its pixels.
    Row {
        /// Bytes given.
        found: usize,
        /// Bytes of a row.
        min: usize,
    },
    /// A row comes after the last row of the frame.
    Rows {
        /// Rows of the frame.
        max: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side { found, max } => write!(f, "a side is {found}, allowed is 1 to {max}"),
            Self::Stride { found, min } => {
                write!(f, "rows are {found} bytes apart, but have {min} bytes")
            }
            Self::FrameLen { found, min } => {
                write!(f, "the frame has {found} bytes, but its rows need {min}")
            }
            Self::Rectangle(Rectangle { x, y, width, height }) => write!(
                f,
                "the rectangle of {width} x {height} pixels at ({x}, {y}) is not a part of the frame"
            ),
            Self::ImageLen { found, expected } => {
                write!(f, "the image has {found} bytes, but its size needs {expected}")
            }
            Self::Format(format) => write!(
                f,
                "{format:?} cannot be resized row by row, because its colours come after all rows"
            ),
            Self::Memory { found, min } => {
                write!(f, "the memory for sums has {found} words, {min} are needed")
            }
            Self::Row { found, min } => write!(f, "a row has {found} bytes, its pixels {min}"),
            Self::Rows { max } => write!(f, "the frame has only {max} rows"),
        }
    }
}

impl core::error::Error for FrameError {}
