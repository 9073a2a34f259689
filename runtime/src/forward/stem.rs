//! Convolutions between the image and the residual stream, row by row or all rows at once.
//!
//! Kept rows lie at the back of the arena, one tensor after another. The memory that one convolution needs
//! while it runs lies at the front, after the residual stream.

use super::arena::Carver;
use super::residual::residual;
use crate::arithmetic::Arithmetic;
use crate::config::{Clock, ConvKind, Grid, StemConv};
use crate::network::Network;
use crate::rows::{copy, slide};
use crate::site::{ConvSite, SiteId, SiteValues};
use crate::window::{Band, Pad, Windows};
use core::mem;
use core::ops::Range;
use num_traits::Zero;

/// Which ticks are run.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: usize,
    /// The tick after the last one.
    pub(super) end: usize,
    /// Whether these are all ticks, so that each tensor is computed as a whole.
    pub(super) whole: bool,
}

/// The last rows of a tensor.
#[derive(Clone, Copy)]
struct Kept<'a, T> {
    /// `[lines, row]`.
    values: &'a [T],
    lines: usize,
    /// Values of a row.
    row: usize,
    /// Row `origin` is line 0. The rows that follow are in the next lines, as in a ring buffer.
    origin: usize,
}

impl<T> Kept<'_, T> {
    /// Consecutive rows of the tensor. They must not wrap around the end of the ring buffer.
    fn rows(&self, rows: &Range<usize>) -> Option<&[T]> {
        let start = (rows.start - self.origin).checked_rem(self.lines)? * self.row;
        self.values.get(start..)?.get(..rows.len() * self.row)
    }
}

/// Memory for the last rows of a tensor, and the place of new rows.
struct Room<'a, T> {
    values: &'a mut [T],
    lines: usize,
    row: usize,
    origin: usize,
}

impl<'a, T: Copy> Room<'a, T> {
    /// Takes memory for `lines` rows at the back of `free`. The rows `new` are written next. A depthwise
    /// convolution reads rows in place and needs them in order. For it, `slide` moves the old rows out.
    ///
    /// Not inlined, for the size of the code: it is called in two places.
    #[inline(never)]
    fn new(
        free: &mut &'a mut [T],
        (lines, row): (usize, usize),
        new: &Range<usize>,
        slides: bool,
    ) -> Option<Self> {
        let all = mem::take(free);
        let (rest, values) = all.split_at_mut_checked(all.len().checked_sub(lines * row)?)?;
        *free = rest;
        let mut origin = 0;
        if slides {
            origin = new.end.saturating_sub(lines);
            slide(values, (origin - new.start.saturating_sub(lines)) * row);
        }
        Some(Self { values, lines, row, origin })
    }

    /// The place of new rows.
    fn place(&mut self, new: &Range<usize>) -> Option<&mut [T]> {
        let start = (new.start - self.origin).checked_rem(self.lines)? * self.row;
        self.values.get_mut(start..)?.get_mut(..new.len() * self.row)
    }

    /// The rows, to be read.
    fn kept(self) -> Kept<'a, T> {
        Kept { values: self.values, lines: self.lines, row: self.row, origin: self.origin }
    }
}

/// Runs the ticks of `span` in a stem of convolutions. `image` has the image rows that arrive in these
/// ticks; it is empty after the last row.
pub(super) fn stem<A: Arithmetic>(
    network: &Network<'_, A>,
    span: Span,
    image: &[u8],
    arena: &mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    let (config, kernels, whole) = (&network.config, network.kernels, span.whole);
    let mut carver = Carver::new(arena);
    let stream = residual(network, &mut carver)?;
    let mut free = carver.rest::<A::Act>()?;
    let written = |clock: Clock, grid: Grid| {
        clock.rows(span.first, grid.height)..clock.rows(span.end, grid.height)
    };

    let grid = config.image();
    let new = written(Clock::IMAGE, grid);
    let shape = (config.image_capacity(whole), grid.width * grid.channels);
    let mut room = Room::new(&mut free, shape, &new, false)?;
    if !new.is_empty() {
        let place = room.place(&new)?;
        A::load(&network.input, image, place);
        observer(SiteId::Input, A::show(place, A::Act::zero()));
    }
    if span.first == 0 {
        A::start(network.position.as_ref()?, stream);
    }
    let mut pad = Pad::Image(A::image_pad(&network.input));
    let mut input = room.kept();
    // What the sum at the end of the stage adds.
    let mut stage_input = input;
    let mut stage = u8::MAX;
    // Number of values at the front of `free` that the previous convolution passed on.
    let mut passed_on = 0;
    let mut layers = network.convs.iter();
    for step in config.row_convs() {
        let conv = &step.conv;
        if conv.index == 0 {
            stage_input = input;
            stage = stage.wrapping_add(1);
        }
        let new = written(step.clock, conv.output);
        if step.next.is_none() {
            let layer = network.embed.as_ref()?;
            let row = step.row_len();
            let place = stream.get_mut(new.start * row..)?.get_mut(..new.len() * row)?;
            if !new.is_empty() {
                let windows = windows(&input, conv, &new, pad);
                let scratch = free.get_mut(..step.windows_len(whole))?;
                A::conv_add(kernels, &windows, layer, scratch, place);
                observer(SiteId::Embed, A::show_stream(place));
            }
            return Some(());
        }
        let layer = layers.next()?;
        let lines = if step.is_passed_on() { 0 } else { step.capacity(whole) };
        let slides = step.next.is_some_and(ConvKind::needs_order);
        let mut room = Room::new(&mut free, (lines, step.row_len()), &new, slides)?;
        let (before, scratch) = free.split_at_mut_checked(passed_on)?;
        passed_on = if step.is_passed_on() { new.len() * step.row_len() } else { 0 };
        let (place, scratch) = scratch.split_at_mut_checked(passed_on)?;
        let zero = A::zero(&layer.activation);
        if !new.is_empty() {
            let place = if step.is_passed_on() { place } else { room.place(&new)? };
            match (conv.kind, pad, &layer.skip) {
                (ConvKind::Full, ..) => {
                    let windows = windows(&input, conv, &new, pad);
                    let scratch = scratch.get_mut(..step.windows_len(whole))?;
                    A::conv(kernels, &windows, &layer.layer, &layer.activation, scratch, place);
                }
                (ConvKind::Depthwise, Pad::Zero(zero), _) => {
                    let height = conv.input.height - input.origin;
                    let grid = Grid { height: height.min(input.lines), ..conv.input };
                    let rows = new.start - input.origin..new.end - input.origin;
                    let (layer, activation) = (&layer.layer, &layer.activation);
                    let band = Band { grid, rows };
                    A::depthwise(kernels, input.values, &band, zero, layer, activation, place);
                }
                // A stem begins with a plain convolution, so that the image is never read here.
                (ConvKind::Depthwise, Pad::Image(_), _) => return None,
                (ConvKind::Pointwise, _, skip) => {
                    let x = if before.is_empty() { input.rows(&new)? } else { &*before };
                    match skip {
                        Some(skip) => {
                            copy(place, stage_input.rows(&new)?);
                            A::linear_skip(kernels, x, &layer.layer, skip, place);
                        }
                        None => A::linear(kernels, x, &layer.layer, &layer.activation, place),
                    }
                }
            }
            let at = match (conv.gelu, conv.skip) {
                (true, _) => ConvSite::Gelu,
                (false, true) => ConvSite::Add,
                (false, false) => ConvSite::Linear,
            };
            observer(SiteId::Stem { stage, conv: conv.index, at }, A::show(place, zero));
        }
        pad = Pad::Zero(zero);
        if lines > 0 {
            input = room.kept();
        }
    }
    Some(())
}

/// The windows of new rows of a convolution over kept rows.
fn windows<'a, T>(
    input: &Kept<'a, T>,
    conv: &StemConv,
    new: &Range<usize>,
    pad: Pad<T>,
) -> Windows<'a, T> {
    let Kept { values: x, lines, .. } = *input;
    Windows { x, lines, first: new.start, input: conv.input, output: conv.output, pad }
}
