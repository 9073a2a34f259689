//! Convolution stages between the image and the embedding.

use super::arena::Carver;
use crate::arithmetic::Arithmetic;
use crate::config::{ConvKind, StemConv, StemGeometry};
use crate::network::{Conv, Network};
use crate::site::{ConvSite, SiteId, SiteValues};
use crate::window::{Pad, Windows};
use bytemuck::Pod;
use num_traits::Zero;

/// What the last stage of a stem reads.
pub(super) struct StemOutput<T> {
    /// The last convolution, whose input is at the back of the arena.
    pub(super) conv: StemConv,
    /// What lies outside that input.
    pub(super) pad: Pad<T>,
}

/// Runs every stage but the last. The result lies at the back of the arena, so that the residual
/// stream can be written to the front.
pub(super) fn stem<A: Arithmetic>(
    network: &Network<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<StemOutput<A::Act>> {
    let input = network.config.image();
    // Stages without a residual sum move the tensor to the other end; the others leave it in place.
    let moves = network.config.body_stages().filter(|geometry| !geometry.stage.is_residual());
    let mut ends = Ends { at_back: moves.count() % 2 == 0, len: input.len() };
    let (x, _) = ends.tensor::<A::Act>(arena)?;
    A::load(&network.input, image, x);
    observer(SiteId::Input, A::show(x, A::Act::zero()));
    let mut pad = Pad::Image(A::image_pad(&network.input));
    let mut layers = network.convs.iter();
    for (index, geometry) in network.config.body_stages().enumerate() {
        let index = u8::try_from(index).ok()?;
        let mut stage = Stage { network, geometry, index, observer: &mut *observer };
        pad = stage.run(&mut ends, arena, pad, &mut layers)?;
    }
    Some(StemOutput { conv: network.config.last_conv()?, pad })
}

/// Where the current tensor lies.
struct Ends {
    at_back: bool,
    /// Number of its values.
    len: usize,
}

impl Ends {
    /// The current tensor, and the rest of the arena.
    fn tensor<'a, T: Pod>(&self, arena: &'a mut [u8]) -> Option<(&'a mut [T], Carver<'a>)> {
        let mut carver = Carver::new(arena);
        let tensor = if self.at_back { carver.back(self.len)? } else { carver.front(self.len)? };
        Some((tensor, carver))
    }

    /// The place of the next tensor, of `len` values, at the other end of the arena.
    fn other<'a, T: Pod>(&self, rest: &mut Carver<'a>, len: usize) -> Option<&'a mut [T]> {
        if self.at_back { rest.front(len) } else { rest.back(len) }
    }
}

/// One stage being run.
struct Stage<'s, 'm, A: Arithmetic, F> {
    network: &'s Network<'m, A>,
    geometry: StemGeometry,
    index: u8,
    observer: &'s mut F,
}

impl<A: Arithmetic, F: FnMut(SiteId, SiteValues<'_>)> Stage<'_, '_, A, F> {
    /// Runs the convolutions of the stage on the current tensor, which `pad` surrounds. Returns what
    /// surrounds the output. A stage without a residual sum writes to the other end of the arena.
    fn run<'l, 'a: 'l>(
        &mut self,
        ends: &mut Ends,
        arena: &mut [u8],
        mut pad: Pad<A::Act>,
        layers: &mut impl Iterator<Item = &'l Conv<'a, A>>,
    ) -> Option<Pad<A::Act>>
    where
        A: 'l,
    {
        let kernels = self.network.kernels;
        let len = self.geometry.output.len();
        let residual = self.geometry.stage.is_residual();
        let (x, mut rest) = ends.tensor::<A::Act>(arena)?;
        let mut out = if residual { None } else { Some(ends.other(&mut rest, len)?) };
        // The output of the convolution before; none before the first one.
        let mut inner: Option<&mut [A::Act]> = None;
        let count = self.geometry.convs().count();
        for conv in self.geometry.convs() {
            let Conv { layer, activation, skip } = layers.next()?;
            if conv.skip {
                A::linear_skip(kernels, inner.as_deref()?, layer, skip.as_ref()?, x);
                pad = Pad::Zero(self.show(&conv, activation, x));
                continue;
            }
            let last = usize::from(conv.index) + 1 == count;
            let written = if last { out.take()? } else { rest.front(conv.output.len())? };
            let read = inner.as_deref().unwrap_or(x);
            match (conv.kind, pad) {
                (ConvKind::Full, _) => {
                    let scratch = rest.front(conv.window_row_len())?;
                    let windows = Windows { x: read, input: conv.input, output: conv.output, pad };
                    A::conv(kernels, &windows, layer, activation, scratch, written);
                }
                (ConvKind::Depthwise, Pad::Zero(zero)) => {
                    A::depthwise(kernels, read, conv.input, zero, layer, activation, written);
                }
                // A stem begins with a plain convolution, so that the image is never read here.
                (ConvKind::Depthwise, Pad::Image(_)) => return None,
                (ConvKind::Pointwise, _) => A::linear(kernels, read, layer, activation, written),
            }
            pad = Pad::Zero(self.show(&conv, activation, written));
            inner = Some(written);
        }
        if !residual {
            *ends = Ends { at_back: !ends.at_back, len };
        }
        Some(pad)
    }

    /// Shows a convolution's output and returns what stands for zero.
    fn show(
        &mut self,
        conv: &StemConv,
        activation: &A::Activation<'_>,
        values: &[A::Act],
    ) -> A::Act {
        let at = match (conv.gelu, conv.skip) {
            (true, _) => ConvSite::Gelu,
            (false, true) => ConvSite::Add,
            (false, false) => ConvSite::Linear,
        };
        let zero = A::zero(activation);
        let site = SiteId::Stem { stage: self.index, conv: conv.index, at };
        (self.observer)(site, A::show(values, zero));
        zero
    }
}
