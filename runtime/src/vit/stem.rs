//! Convolution stages between the image and the embedding.

use super::conv::{Pad, each_row};
use super::patch;
use crate::arena::{Carver, window_len};
use crate::config::{Grid, StemGeometry, StemStage};
use crate::model::{Conv, Model};
use crate::site::{ConvSite, SiteId, SiteValues};

/// The input of the last convolution of a stem.
pub(super) struct StemOutput {
    /// Its shape; its bytes are at the back of the arena.
    pub(super) grid: Grid,
    /// What lies outside it.
    pub(super) pad: Pad,
}

/// Runs every stage but the last. The result lies at the back of the arena, so that the residual
/// stream can be written to the front.
pub(super) fn stem(
    model: &Model<'_>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<StemOutput> {
    let input = model.config.image();
    let stages = model.config.stem_stages().count().checked_sub(1)?;
    // Plain convolutions move the tensor to the other end; residual stages leave it in place.
    let moves = model
        .config
        .stem_stages()
        .take(stages)
        .filter(|geometry| matches!(geometry.stage, StemStage::Conv { .. }));
    let mut ends = Ends {
        at_back: moves.count() % 2 == 0,
        len: input.len(),
    };
    patch::shift(ends.tensor(arena)?.0, image);
    observer(SiteId::Input, SiteValues::i8(ends.tensor(arena)?.0, 0));
    let mut pad = Pad::Image(model.pad);
    let mut grid = input;
    let mut convs = model.convs.iter();
    for (stage, geometry) in model.config.stem_stages().take(stages).enumerate() {
        let index = u8::try_from(stage).ok()?;
        let mut run = Stage {
            model,
            geometry,
            pad,
            index,
            observer: &mut *observer,
        };
        let zero = match geometry.stage {
            StemStage::Conv { .. } => run.plain(&mut ends, arena, convs.next()?)?,
            StemStage::Residual { .. } => {
                run.residual(&ends, arena, convs.next()?, convs.next()?)?
            }
            StemStage::InvertedResidual { .. } => {
                let three = [convs.next()?, convs.next()?, convs.next()?];
                run.inverted(&ends, arena, three)?
            }
        };
        pad = Pad::Zero(zero);
        grid = geometry.output;
    }
    Some(StemOutput { grid, pad })
}

/// Where the current tensor lies.
struct Ends {
    at_back: bool,
    len: usize,
}

impl Ends {
    /// The current tensor, and the rest of the arena.
    fn tensor<'a>(&self, arena: &'a mut [u8]) -> Option<(&'a mut [i8], &'a mut [u8])> {
        let (tensor, rest) = if self.at_back {
            let (rest, tensor) = arena.split_at_mut_checked(arena.len().checked_sub(self.len)?)?;
            (tensor, rest)
        } else {
            arena.split_at_mut_checked(self.len)?
        };
        Some((bytemuck::cast_slice_mut(tensor), rest))
    }
}

/// One stage being run.
struct Stage<'s, 'm, F> {
    model: &'s Model<'m>,
    geometry: StemGeometry,
    pad: Pad,
    index: u8,
    observer: &'s mut F,
}

impl<F: FnMut(SiteId, SiteValues<'_>)> Stage<'_, '_, F> {
    /// One convolution to the other end of the arena; returns the output's zero point.
    fn plain(&mut self, ends: &mut Ends, arena: &mut [u8], conv: &Conv<'_>) -> Option<i8> {
        let (input, output) = (self.geometry.input, self.geometry.output);
        let (x, rest) = ends.tensor(arena)?;
        let mut carver = Carver::new(rest);
        let (out, windows) = if ends.at_back {
            let out = carver.front::<i8>(output.len())?;
            (out, carver.front::<i8>(window_len(input, output.width))?)
        } else {
            let out = carver.back(output.len())?;
            (
                bytemuck::cast_slice_mut(out),
                carver.front::<i8>(window_len(input, output.width))?,
            )
        };
        let linear_i8 = self.model.kernels.linear_i8;
        each_row(
            (x, input),
            self.pad,
            (&mut *out, output),
            windows,
            |windows, out| {
                linear_i8(windows, &conv.layer, &conv.activation, out);
            },
        );
        *ends = Ends {
            at_back: !ends.at_back,
            len: output.len(),
        };
        Some(self.show(0, conv, out))
    }

    /// `x + conv1×1(gelu(conv3×3(x)))`, in place.
    fn residual(
        &mut self,
        ends: &Ends,
        arena: &mut [u8],
        first: &Conv<'_>,
        second: &Conv<'_>,
    ) -> Option<i8> {
        let input = self.geometry.input;
        let hidden = Grid {
            channels: first.layer.outputs(),
            ..input
        };
        let (x, rest) = ends.tensor(arena)?;
        let mut carver = Carver::new(rest);
        let out = carver.front::<i8>(hidden.len())?;
        let windows = carver.front::<i8>(window_len(input, input.width))?;
        let kernels = self.model.kernels;
        each_row(
            (&*x, input),
            self.pad,
            (&mut *out, hidden),
            windows,
            |windows, out| {
                (kernels.linear_i8)(windows, &first.layer, &first.activation, out);
            },
        );
        self.show(0, first, out);
        (kernels.linear_skip_i8)(out, &second.layer, &second.skip?, x);
        Some(self.show(1, second, x))
    }

    /// `x + conv1×1(gelu(depthwise3×3(gelu(conv1×1(x)))))`, in place.
    fn inverted(
        &mut self,
        ends: &Ends,
        arena: &mut [u8],
        [expand, depthwise, project]: [&Conv<'_>; 3],
    ) -> Option<i8> {
        let hidden = Grid {
            channels: expand.layer.outputs(),
            ..self.geometry.input
        };
        let (x, rest) = ends.tensor(arena)?;
        let mut carver = Carver::new(rest);
        let wide = carver.front::<i8>(hidden.len())?;
        let out = carver.front::<i8>(hidden.len())?;
        let kernels = self.model.kernels;
        (kernels.linear_i8)(x, &expand.layer, &expand.activation, wide);
        let zero = self.show(0, expand, wide);
        let (layer, activation) = (&depthwise.layer, &depthwise.activation);
        (kernels.depthwise_i8)(wide, hidden, zero, layer, activation, out);
        self.show(1, depthwise, out);
        (kernels.linear_skip_i8)(out, &project.layer, &project.skip?, x);
        Some(self.show(2, project, x))
    }

    /// Shows a convolution's output and returns its zero point.
    fn show(&mut self, conv_index: u8, conv: &Conv<'_>, values: &[i8]) -> i8 {
        let at = match (&conv.activation.gelu, &conv.skip) {
            (Some(_), _) => ConvSite::Gelu,
            (None, Some(_)) => ConvSite::Add,
            (None, None) => ConvSite::Linear,
        };
        let zero_point = conv.activation.output_zero_point();
        let site = SiteId::Stem {
            stage: self.index,
            conv: conv_index,
            at,
        };
        (self.observer)(site, SiteValues::i8(values, zero_point));
        zero_point
    }
}
