//! Which pixels of a side an output is made of, and with which weights.

use core::ops::Range;

/// From `from` pixels of a frame to `to` pixels of an image.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The pixels that one output is made of.
#[derive(Clone)]
pub(super) struct Taps {
    pub(super) covered: Range<usize>,
    /// Where the output begins and ends. A pixel is `unit` long, and its weight is the length of the output
    /// in it.
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
    /// How much of the output a pixel covers.
    #[expect(clippy::cast_possible_truncation, reason = "at most a pixel's units, 2^12")]
    pub(super) fn weight(&self, pixel: usize) -> u32 {
        let (begin, end) = (pixel * self.unit, (pixel + 1) * self.unit);
        end.min(self.end).saturating_sub(begin.max(self.begin)) as u32
    }
}
