//! Convolution stages between the image and the embedding.

use crate::arena::{Carver, window_len};
use crate::arithmetic::Arithmetic;
use crate::config::{Grid, StemGeometry, StemStage};
use crate::model::{Conv, Model};
use crate::site::{ConvSite, SiteId, SiteValues};
use crate::window::{Pad, Windows};
use bytemuck::Pod;
use num_traits::Zero;

/// The input of the last convolution of a stem.
pub(super) struct StemOutput<T> {
    /// Its shape; its values are at the back of the arena.
    pub(super) grid: Grid,
    /// What lies outside it.
    pub(super) pad: Pad<T>,
}

/// Runs every stage but the last. The result lies at the back of the arena, so that the residual
/// stream can be written to the front.
pub(super) fn stem<A: Arithmetic>(
    model: &Model<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<StemOutput<A::Act>> {
    let input = model.config.image();
    let stages = model.config.stem_stages().count().checked_sub(1)?;
    // Plain convolutions move the tensor to the other end; residual stages leave it in place.
    let moves = model
        .config
        .stem_stages()
        .take(stages)
        .filter(|geometry| matches!(geometry.stage, StemStage::Conv { .. }));
    let mut ends = Ends { at_back: moves.count() % 2 == 0, len: input.len() };
    let (x, _) = ends.tensor::<A::Act>(arena)?;
    A::load(&model.input, image, x);
    observer(SiteId::Input, A::show(x, A::Act::zero()));
    let mut pad = Pad::Image(A::image_pad(&model.input));
    let mut grid = input;
    let mut convs = model.convs.iter();
    for (stage, geometry) in model.config.stem_stages().take(stages).enumerate() {
        let index = u8::try_from(stage).ok()?;
        let mut run = Stage { model, geometry, pad, index, observer: &mut *observer };
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
    /// Its values.
    len: usize,
}

impl Ends {
    /// The current tensor, and the rest of the arena.
    fn tensor<'a, T: Pod>(&self, arena: &'a mut [u8]) -> Option<(&'a mut [T], Carver<'a>)> {
        let mut carver = Carver::new(arena);
        let tensor = if self.at_back { carver.back(self.len)? } else { carver.front(self.len)? };
        Some((tensor, carver))
    }
}

/// One stage being run.
struct Stage<'s, 'm, A: Arithmetic, F> {
    model: &'s Model<'m, A>,
    geometry: StemGeometry,
    pad: Pad<A::Act>,
    index: u8,
    observer: &'s mut F,
}

impl<A: Arithmetic, F: FnMut(SiteId, SiteValues<'_>)> Stage<'_, '_, A, F> {
    /// One convolution to the other end of the arena; returns what stands for zero.
    fn plain(&mut self, ends: &mut Ends, arena: &mut [u8], conv: &Conv<'_, A>) -> Option<A::Act> {
        let (input, output) = (self.geometry.input, self.geometry.output);
        let (x, mut rest) = ends.tensor::<A::Act>(arena)?;
        let out = if ends.at_back { rest.front(output.len())? } else { rest.back(output.len())? };
        let scratch = rest.front(window_len(input, output.width))?;
        let windows = Windows { x, input, output, pad: self.pad };
        A::conv(self.model.kernels, &windows, &conv.layer, &conv.activation, scratch, out);
        *ends = Ends { at_back: !ends.at_back, len: output.len() };
        Some(self.show(0, conv, out))
    }

    /// `x + conv1×1(gelu(conv3×3(x)))`, in place.
    fn residual(
        &mut self,
        ends: &Ends,
        arena: &mut [u8],
        first: &Conv<'_, A>,
        second: &Conv<'_, A>,
    ) -> Option<A::Act> {
        let input = self.geometry.input;
        let hidden = Grid { channels: A::outputs(&first.layer), ..input };
        let (x, mut rest) = ends.tensor::<A::Act>(arena)?;
        let out = rest.front::<A::Act>(hidden.len())?;
        let scratch = rest.front::<A::Act>(window_len(input, input.width))?;
        let kernels = self.model.kernels;
        let windows = Windows { x, input, output: hidden, pad: self.pad };
        A::conv(kernels, &windows, &first.layer, &first.activation, scratch, out);
        self.show(0, first, out);
        A::linear_skip(kernels, out, &second.layer, &second.skip?, x);
        Some(self.show(1, second, x))
    }

    /// `x + conv1×1(gelu(depthwise3×3(gelu(conv1×1(x)))))`, in place.
    fn inverted(
        &mut self,
        ends: &Ends,
        arena: &mut [u8],
        [expand, depthwise, project]: [&Conv<'_, A>; 3],
    ) -> Option<A::Act> {
        let hidden = Grid { channels: A::outputs(&expand.layer), ..self.geometry.input };
        let (x, mut rest) = ends.tensor::<A::Act>(arena)?;
        let wide = rest.front::<A::Act>(hidden.len())?;
        let out = rest.front::<A::Act>(hidden.len())?;
        let kernels = self.model.kernels;
        A::linear(kernels, x, &expand.layer, &expand.activation, wide);
        let zero = self.show(0, expand, wide);
        let (layer, activation) = (&depthwise.layer, &depthwise.activation);
        A::depthwise(kernels, (wide, hidden, zero), layer, activation, out);
        self.show(1, depthwise, out);
        A::linear_skip(kernels, out, &project.layer, &project.skip?, x);
        Some(self.show(2, project, x))
    }

    /// Shows a convolution's output and returns what stands for zero.
    fn show(&mut self, conv_index: u8, conv: &Conv<'_, A>, values: &[A::Act]) -> A::Act {
        let at = match (A::has_gelu(&conv.activation), &conv.skip) {
            (true, _) => ConvSite::Gelu,
            (false, Some(_)) => ConvSite::Add,
            (false, None) => ConvSite::Linear,
        };
        let zero = A::zero(&conv.activation);
        let site = SiteId::Stem { stage: self.index, conv: conv_index, at };
        (self.observer)(site, A::show(values, zero));
        zero
    }
}
