//! Along one side: the pixels of the frame that make one pixel of the image, and their weights.

use super::colour::byte;
use core::num::NonZero;
use core::ops::Range;

/// From `from` pixels of a frame to `to` pixels of an image.
#[derive(Clone, Copy, Debug)]
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
    /// Whether an output is at least as long as a pixel.
    pub(super) const fn shrinks(self) -> bool {
        self.from >= self.to
    }

    /// Output `index`.
    ///
    /// The area of an output begins at `index · from / to`. Linear interpolation is the average over an area
    /// as wide as a pixel around the centre `(index + 1/2) · from / to`, moved inside the frame.
    #[expect(clippy::cast_possible_truncation, reason = "sides are at most 2^12")]
    pub(super) fn taps(self, index: usize) -> Taps {
        let Self { from, to } = self;
        let (begin, width, unit) = if self.shrinks() {
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

    /// The weighted sums of red, green and blue of the pixels that are covered.
    pub(super) fn sums(&self, pixel: impl Fn(usize) -> [u8; 3]) -> [u32; 3] {
        let mut sums = [0; 3];
        for at in self.covered.clone() {
            let weight = self.weight(at);
            for (sum, value) in sums.iter_mut().zip(pixel(at)) {
                *sum += weight * u32::from(value);
            }
        }
        sums
    }
}

/// Weighted sums over the sum of the weights, rounded to the nearest byte, half up.
pub(super) fn mean(sums: [u32; 3], total: u32) -> [u8; 3] {
    // A total is at least 1. The type tells the compiler so. Otherwise it keeps a panic for a division by zero.
    let total = NonZero::new(total).unwrap_or(NonZero::<u32>::MIN);
    sums.map(|sum| byte(((sum + total.get() / 2) / total).cast_signed()))
}
