//! Sizes of frames and images, and parts of frames.

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

impl Size {
    /// The whole frame of this size.
    pub const fn whole(self) -> Rectangle {
        Rectangle { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The largest square in the middle of a frame of this size. If the rest is odd, the extra column or row is
    /// to the right or below.
    pub const fn centre_square(self) -> Rectangle {
        let side = if self.width < self.height { self.width } else { self.height };
        let (x, y) = ((self.width - side) / 2, (self.height - side) / 2);
        Rectangle { x, y, width: side, height: side }
    }
}
