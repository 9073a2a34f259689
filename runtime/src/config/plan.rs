//! The stem row by row: when each convolution writes a row, and which rows are kept for the next one.
//!
//! Time is counted in ticks. In tick `t`, row `t` of the image arrives, and every convolution writes at
//! most one row: as soon as its window is complete, or would be complete if the grid continued below. Thus
//! the number of a tick alone decides what happens in it. A convolution with a window of three rows waits
//! for one more row of its input. A convolution with a stride of 2 writes a row for every second row.

use super::checked::VitConfig;
use super::spec::StemSpec;
use super::stem::{ConvKind, StemConv, StemConvs};

/// When rows of a tensor arrive: row `r` in tick `delay + (r << shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    delay: usize,
    shift: u32,
}

impl Clock {
    /// The rows of the image.
    pub(crate) const IMAGE: Self = Self { delay: 0, shift: 0 };

    /// Number of rows, of `height`, that have arrived before a tick.
    pub(crate) const fn rows(self, tick: usize, height: usize) -> usize {
        let ticks = tick.saturating_sub(self.delay) + ((1 << self.shift) - 1);
        let rows = ticks >> self.shift;
        if rows < height { rows } else { height }
    }

    /// The clock of the output of a convolution over this tensor.
    const fn after(self, conv: &StemConv) -> Self {
        let late = if conv.is_windowed() { 1 << self.shift } else { 0 };
        let halved = if conv.stride() == 2 { 1 } else { 0 };
        Self { delay: self.delay + late, shift: self.shift + halved }
    }
}

/// One convolution of the stem as it runs row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowConv {
    pub(crate) conv: StemConv,
    /// When the rows of its output arrive.
    pub(crate) clock: Clock,
    /// The next convolution; `None` after the last one, which writes tokens.
    pub(crate) next: Option<ConvKind>,
    /// How many of the last rows of the output are kept for the next tick.
    keep: usize,
}

impl RowConv {
    /// Rows of memory for the output: those that are kept and a new one.
    pub(crate) fn capacity(&self, whole: bool) -> usize {
        capacity(self.conv.output.height, self.keep, whole)
    }

    /// Whether only the next convolution reads a row, in the tick in which it is written.
    pub(crate) fn is_passed_on(&self) -> bool {
        // A convolution that reads a passed row does not pass on its own: there is room for one such row.
        self.keep == 0 && self.next.is_some() && self.conv.rows_kept() > 0
    }

    /// Values of one row of the output.
    pub(crate) fn row_len(&self) -> usize {
        self.conv.output.width * self.conv.output.channels
    }

    /// Rows that are written at once.
    pub(crate) fn together(&self, whole: bool) -> usize {
        if whole { self.conv.output.height } else { 1 }
    }

    /// Values of the windows that are gathered together; 0 if the input is read in place. There are only a
    /// few windows, because one window has as many values as nine pixels.
    pub(crate) fn windows_len(&self, whole: bool) -> usize {
        match self.conv.kind {
            ConvKind::Full => {}
            ConvKind::Depthwise | ConvKind::Pointwise => return 0,
        }
        let (inputs, width) = (self.conv.inputs(), self.conv.output.width);
        let few = match inputs {
            _ if whole => width,
            0..=32 => width,
            33..=288 => 8,
            _ => 4,
        };
        inputs * few.min(width)
    }
}

/// Rows of memory for a tensor of which `keep` rows are kept.
fn capacity(height: usize, keep: usize, whole: bool) -> usize {
    if whole { height } else { height.min(keep + 1) }
}

/// The convolutions of a stem, in the order in which they run in every tick.
#[derive(Clone, Debug)]
pub(crate) struct RowConvs<'a> {
    convs: StemConvs<'a>,
    next: Option<StemConv>,
    clock: Clock,
}

impl Iterator for RowConvs<'_> {
    type Item = RowConv;

    #[inline(never)]
    fn next(&mut self) -> Option<RowConv> {
        let conv = self.next?;
        self.next = self.convs.next();
        self.clock = self.clock.after(&conv);
        let keep = self.next.map_or(0, |next| next.rows_kept());
        Some(RowConv { conv, clock: self.clock, next: self.next.map(|next| next.kind), keep })
    }
}

impl VitConfig {
    /// The convolutions of the stem; none for patches.
    pub(crate) fn row_convs(&self) -> RowConvs<'_> {
        let mut convs = self.convs();
        let next = convs.next();
        RowConvs { convs, next, clock: Clock::IMAGE }
    }

    /// Rows of memory for the image as activations.
    pub(crate) fn image_capacity(&self, whole: bool) -> usize {
        let keep = self.convs().next().map_or(0, |first| first.rows_kept());
        capacity(self.image().height, keep, whole)
    }

    /// Ticks until the stem has written all tokens; one for each row of patches.
    pub(crate) fn ticks(&self) -> usize {
        match self.row_convs().last() {
            Some(last) => {
                last.clock.delay + ((last.conv.output.height - 1) << last.clock.shift) + 1
            }
            None => self.image().height / self.rows_together(),
        }
    }

    /// Number of image rows that arrive in one tick: one, or the rows of a patch.
    pub(crate) fn rows_together(&self) -> usize {
        match self.spec().stem {
            StemSpec::Patches { size, .. } => usize::from(size).max(1),
            StemSpec::Conv(_) => 1,
        }
    }

    /// Bytes of the image that arrive in one tick.
    pub(crate) fn tick_bytes(&self) -> usize {
        self.rows_together() * self.image().width * self.image().channels
    }

    /// Values of the stem beside the residual stream: the rows that are kept, and the largest memory that one
    /// convolution needs while it runs, with the rows that are passed on to it and from it.
    pub(super) fn stem_row_values(&self, whole: bool) -> usize {
        let image = self.image();
        let mut kept = self.image_capacity(whole) * image.width * image.channels;
        let (mut most, mut passed_on) = (0, 0);
        for conv in self.row_convs() {
            let mut meanwhile = passed_on + conv.windows_len(whole);
            passed_on = 0;
            if conv.is_passed_on() {
                passed_on = conv.row_len() * conv.together(whole);
                meanwhile += passed_on;
            } else if conv.next.is_some() {
                // Whole tensors of a large network are beyond 32 bits.
                kept = kept.saturating_add(conv.row_len() * conv.capacity(whole));
            }
            most = meanwhile.max(most);
        }
        kept.saturating_add(most)
    }
}
