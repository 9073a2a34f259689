//! Along one side: the pixels of the frame that make one pixel of the image, and their weights.

use core::ops::Range;

/// From `from` pixels of a frame to `to` pixels of an image.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The pixels of the frame that make one output.
#[derive(Clone)]
pub(super) struct Taps {
    pub(super) covered: Range<usize>,
    /// The interval of the output, from `begin` to `end`. A pixel is `unit` long. Its weight is the length of
    /// the interval inside it.
    begin: usize,
    end: usize,
    unit: usize,
    /// Sum of the weights.
    pub(super) total: u32,
}

impl Axis {
    /// Output `index`.
    ///
    /// The area of an output begins at `index · from / to`. Linear interpolation is the average over an area
    /// as wide as a pixel around the centre `(index + 1/2) · from / to`, moved inside the frame.
    #[expect(clippy::cast_possible_truncation, reason = "sides are at most 2^12")]
    pub(super) fn taps(self, index: usize) -> Taps {
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
    /// The weight of a pixel.
    #[expect(clippy::cast_possible_truncation, reason = "at most a pixel's units, 2^12")]
    pub(super) fn weight(&self, pixel: usize) -> u32 {
        let (begin, end) = (pixel * self.unit, (pixel + 1) * self.unit);
        end.min(self.end).saturating_sub(begin.max(self.begin)) as u32
    }
}
