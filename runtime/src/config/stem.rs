//! The convolutions of a stem: the only place that says what a kind of stage consists of.
//!
//! Readers, writers, kernels, the arena, the trainer and the exporter loop over
//! [`StemStage::convs`]. A new kind of stage is a variant of [`StemStage`] and its arms here.

use super::grid::Grid;
use super::limits::{MAX_DIM, MAX_HIDDEN_DIM, within};
use crate::error::ConfigError;
use serde::{Deserialize, Serialize};

/// One stage of a convolution stem. Convolutions are 3×3 with padding 1 unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StemStage {
    /// One 3×3 convolution.
    Conv {
        /// Output channels.
        channels: u16,
        /// 1 or 2.
        stride: u8,
        /// Whether GELU follows the normalisation.
        gelu: bool,
    },
    /// `x + conv1×1(gelu(conv3×3(x)))`, as wide as its input.
    Residual {
        /// Channels between the two convolutions.
        hidden: u16,
    },
    /// `x + conv1×1(gelu(depthwise3×3(gelu(conv1×1(x)))))`, as wide as its input.
    InvertedResidual {
        /// Channels of the depthwise convolution.
        hidden: u16,
    },
}

/// One stage of a convolution stem with the shapes around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StemGeometry {
    /// What the stage does.
    pub stage: StemStage,
    /// What it reads.
    pub input: Grid,
    /// What it writes.
    pub output: Grid,
}

/// One convolution of a stem stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StemConv {
    /// Number of the convolution within its stage.
    pub index: u8,
    /// Which of its inputs one output reads.
    pub kind: ConvKind,
    /// What it reads.
    pub input: Grid,
    /// What it writes.
    pub output: Grid,
    /// Whether GELU follows it.
    pub gelu: bool,
    /// Whether the input of its stage is added to its output. Only pointwise convolutions at the
    /// end of a stage have this.
    pub skip: bool,
}

/// Which values one output of a convolution reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvKind {
    /// All channels of a 3×3 window with padding 1.
    Full,
    /// A 3×3 window with padding 1 and stride 1 of one channel, the same that is written.
    Depthwise,
    /// All channels of one position.
    Pointwise,
}

impl ConvKind {
    /// Whether the rows that it reads must lie in memory in their order. Otherwise it reads them from a ring
    /// buffer.
    pub(crate) const fn needs_order(self) -> bool {
        match self {
            Self::Depthwise => true,
            Self::Full | Self::Pointwise => false,
        }
    }
}

impl StemConv {
    /// Number of inputs of one output, which is also the number of weights of one output channel.
    pub const fn inputs(&self) -> usize {
        match self.kind {
            ConvKind::Full => 9 * self.input.channels,
            ConvKind::Depthwise => 9,
            ConvKind::Pointwise => self.input.channels,
        }
    }

    /// Whether an output reads three rows of the input.
    pub(crate) const fn is_windowed(&self) -> bool {
        match self.kind {
            ConvKind::Full | ConvKind::Depthwise => true,
            ConvKind::Pointwise => false,
        }
    }

    /// How many of the last rows of its input are kept after a row is written. Two for the next window. One
    /// if a stage begins with a pointwise convolution, because the sum at its end comes one row later.
    pub(crate) const fn rows_kept(&self) -> usize {
        match self.kind {
            ConvKind::Full | ConvKind::Depthwise => 2,
            ConvKind::Pointwise if self.index == 0 => 1,
            ConvKind::Pointwise => 0,
        }
    }

    /// 1 or 2.
    pub const fn stride(&self) -> usize {
        self.input.stride_to(self.output)
    }
}

impl StemStage {
    /// The convolutions of the stage over `input`, in the order in which they run.
    pub fn convs(self, input: Grid) -> impl Iterator<Item = StemConv> {
        (0u8..).map_while(move |index| self.conv(input, index))
    }

    /// Whether the stage adds its input to what its convolutions give. Such a stage writes as many
    /// values as it reads.
    pub fn is_residual(self) -> bool {
        self.convs(Grid { height: 1, width: 1, channels: 1 }).any(|conv| conv.skip)
    }

    /// Whether a stem may begin with the stage. The padding of an image has a value for each channel, and
    /// only a full convolution supports that.
    pub(super) fn may_begin(self, image: Grid) -> bool {
        self.convs(image).all(|conv| conv.kind == ConvKind::Full && !conv.skip)
    }

    /// Checks the fields of the stage.
    pub(super) fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::Conv { channels, stride, .. } => {
                within("channels of a stem stage", channels.into(), 1, MAX_DIM)?;
                within("stride of a stem stage", stride.into(), 1, 2)
            }
            Self::Residual { hidden } | Self::InvertedResidual { hidden } => {
                within("hidden channels of a stem stage", hidden.into(), 1, MAX_HIDDEN_DIM)
            }
        }
    }

    /// The stage of a kind, by the number that a blob has for it. `channels` are those of the stage;
    /// `conv` reads stride and GELU of a plain convolution. `None` for an unknown kind.
    pub(crate) fn of_kind(
        kind: u32,
        channels: u16,
        conv: impl FnOnce() -> Option<(u8, bool)>,
    ) -> Option<Self> {
        match kind {
            0 => conv().map(|(stride, gelu)| Self::Conv { channels, stride, gelu }),
            1 => Some(Self::Residual { hidden: channels }),
            2 => Some(Self::InvertedResidual { hidden: channels }),
            _ => None,
        }
    }

    /// Convolution `index` of the stage; `None` if there are fewer.
    ///
    /// Not a list of all of them, which would be hundreds of bytes of stack. Not inlined: a copy in every
    /// loop over convolutions would be kilobytes of flash.
    #[inline(never)]
    fn conv(self, input: Grid, index: u8) -> Option<StemConv> {
        use ConvKind::{Depthwise, Full, Pointwise};
        let (kind, from, to, gelu, skip) = match (self, index) {
            (Self::Conv { channels, stride, gelu }, 0) => {
                (Full, input, input.strided(stride).with_channels(channels), gelu, false)
            }
            (Self::Residual { hidden }, 0) => {
                (Full, input, input.with_channels(hidden), true, false)
            }
            (Self::InvertedResidual { hidden }, 0) => {
                (Pointwise, input, input.with_channels(hidden), true, false)
            }
            (Self::InvertedResidual { hidden }, 1) => {
                let wide = input.with_channels(hidden);
                (Depthwise, wide, wide, true, false)
            }
            (Self::Residual { hidden }, 1) | (Self::InvertedResidual { hidden }, 2) => {
                (Pointwise, input.with_channels(hidden), input, false, true)
            }
            _ => return None,
        };
        Some(StemConv { index, kind, input: from, output: to, gelu, skip })
    }
}

/// The convolutions of stages, one after another.
#[derive(Clone, Debug)]
pub(crate) struct StemConvs<'a> {
    stages: &'a [StemStage],
    /// What the first of the stages reads.
    input: Grid,
    /// What the last convolution wrote.
    output: Grid,
    /// Number of the next convolution in the first of the stages.
    index: u8,
}

impl<'a> StemConvs<'a> {
    pub(super) const fn new(stages: &'a [StemStage], image: Grid) -> Self {
        Self { stages, input: image, output: image, index: 0 }
    }
}

impl Iterator for StemConvs<'_> {
    type Item = StemConv;

    #[inline(never)]
    fn next(&mut self) -> Option<StemConv> {
        loop {
            let (stage, rest) = self.stages.split_first()?;
            if let Some(conv) = stage.conv(self.input, self.index) {
                (self.output, self.index) = (conv.output, self.index + 1);
                return Some(conv);
            }
            // A stage has at least one convolution.
            (self.stages, self.input, self.index) = (rest, self.output, 0);
        }
    }
}

impl StemGeometry {
    /// A stage over `input`.
    pub(super) fn new(stage: StemStage, input: Grid) -> Self {
        let output = stage.convs(input).last().map_or(input, |last| last.output);
        Self { stage, input, output }
    }

    /// The convolutions of the stage, in the order in which they run.
    pub fn convs(&self) -> impl Iterator<Item = StemConv> + use<> {
        self.stage.convs(self.input)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::MAX_STAGE_CONVS;
    use super::*;

    const INPUT: Grid = Grid { height: 5, width: 4, channels: 3 };

    fn stages() -> [StemStage; 4] {
        [
            StemStage::Conv { channels: 7, stride: 1, gelu: true },
            StemStage::Conv { channels: 7, stride: 2, gelu: false },
            StemStage::Residual { hidden: 9 },
            StemStage::InvertedResidual { hidden: 9 },
        ]
    }

    #[test]
    fn each_convolution_reads_what_the_one_before_it_writes() {
        for stage in stages() {
            let mut grid = INPUT;
            let mut count = 0;
            for conv in stage.convs(INPUT) {
                assert_eq!(conv.input, grid, "{stage:?}: input of convolution {count}");
                assert_eq!(usize::from(conv.index), count, "{stage:?}: number");
                grid = conv.output;
                count += 1;
            }
            assert_eq!(grid, StemGeometry::new(stage, INPUT).output, "{stage:?}: output");
            assert!((1..=MAX_STAGE_CONVS).contains(&count), "{stage:?}: {count} convolutions");
        }
    }

    #[test]
    fn only_the_last_convolution_adds_the_input_and_it_is_pointwise() {
        for stage in stages() {
            let convs: Vec<StemConv> = stage.convs(INPUT).collect();
            let (last, others) = convs.split_last().unwrap();
            assert!(others.iter().all(|conv| !conv.skip), "{stage:?}: an early sum");
            if last.skip {
                let windows = convs.iter().filter(|conv| conv.is_windowed()).count();
                assert_eq!(windows, 1, "{stage:?}: `rows_kept` counts on one window");
                assert_eq!((last.kind, last.output), (ConvKind::Pointwise, INPUT), "{stage:?}");
            }
        }
    }

    #[test]
    fn a_stride_of_two_halves_and_rounds_up() {
        let convs: Vec<StemConv> = stages()[1].convs(INPUT).collect();
        assert_eq!(convs.len(), 1, "one convolution");
        assert_eq!(convs[0].output, Grid { height: 3, width: 2, channels: 7 }, "output");
        assert_eq!((convs[0].stride(), convs[0].inputs()), (2, 27), "stride and inputs");
    }
}
