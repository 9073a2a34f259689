//! 3×3 convolutions without a copy of each window. Three neighbouring pixels of a padded row, as they lie in
//! memory, are one row of a window.

use super::linear::apply_gelu;
use super::multiply::{CHUNK, Multiply};
use super::packing::Inputs;
use super::product::{Source, product};
use super::rows::convert;
use super::store::{AddI16, Store, StoreI8};
use crate::kernels::operand::{Activation, Linear};
use crate::kernels::set::Conv;
use crate::kernels::tile_rows::TileRows;
use crate::rows::{copy, part, part_mut, rows_mut, tail};
use crate::window::Windows;

/// The convolutions of a set with the products of `M`.
pub(super) const fn conv<M: Multiply>() -> Conv {
    Conv { conv_i8: conv_i8::<M>, conv_add_i16: conv_add_i16::<M> }
}

/// Maximum number of values of a padded row. It includes [`CHUNK`] values after the row, which its last chunk can
/// reach. These are multiplied by weights of zero.
const ROW: usize = 4096;
/// Rows of a window.
const TAPS: usize = 3;
/// Chunks for converted lines: [`TAPS`] lines of two bytes for a value. Clearing the memory for many lines would cost
/// a convolution of few rows too much.
const FEW: usize = TAPS * 2 * ROW / CHUNK;
const MANY: usize = 1 << 12;

/// [`linear_i8`](crate::kernels::scalar::linear_i8) over all windows.
fn conv_i8<M: Multiply>(
    windows: &Windows<'_, i8>,
    layer: &Linear<'_>,
    activation: &Activation<'_>,
    out: &mut [i8],
) -> bool {
    let store = StoreI8::new(activation.zero_point);
    let done = if is_aligned::<M>(windows) {
        convolve::<M, _>(windows, layer, out, &store)
    } else {
        convolve::<M::Unaligned, _>(windows, layer, out, &store)
    };
    if done {
        apply_gelu::<M::V>(activation, out);
    }
    done
}

/// [`linear_add_i16`](crate::kernels::scalar::linear_add_i16) over all windows.
fn conv_add_i16<M: Multiply>(
    windows: &Windows<'_, i8>,
    layer: &Linear<'_>,
    out: &mut [i16],
) -> bool {
    if is_aligned::<M>(windows) {
        convolve::<M, _>(windows, layer, out, &AddI16)
    } else {
        convolve::<M::Unaligned, _>(windows, layer, out, &AddI16)
    }
}

/// Whether each window begins with an input that is converted as the first of a chunk.
fn is_aligned<M: Multiply>(windows: &Windows<'_, i8>) -> bool {
    (windows.stride() * windows.input.channels).is_multiple_of(M::PERIOD)
}

/// Convolves. Returns `false`, and writes nothing, if a row or a window is too long.
fn convolve<M: Multiply, S: Store<M::V>>(
    windows: &Windows<'_, i8>,
    layer: &Linear<'_>,
    out: &mut [S::Out],
    store: &S,
) -> bool {
    let channels = windows.input.channels;
    let inputs = Inputs::new::<M>(layer.inputs(), TAPS * channels);
    let row = (windows.input.width + 2) * channels + CHUNK;
    if row > ROW || layer.inputs() != TAPS * TAPS * channels || !inputs.fit() {
        return false;
    }
    let line = row.div_ceil(M::INPUTS);
    let rows = out.len() / (windows.output.width * layer.outputs()).max(1);
    let all = windows.stride() * rows.saturating_sub(1) + TAPS;
    let (mut few, mut many);
    let room: &mut [_] = if all * line <= FEW || all * line > MANY {
        few = [[0; CHUNK]; FEW];
        &mut few
    } else {
        many = [[0; CHUNK]; MANY];
        &mut many
    };
    let mut padded = Padded::new::<M>(windows, inputs, (line, all), room);
    product::<M, _, S>(&mut padded, (layer, inputs), out, store);
    true
}

/// The last lines of the padded grid, converted.
struct Padded<'c> {
    windows: &'c Windows<'c, i8>,
    /// Bytes of a row of a window.
    run: usize,
    /// Bytes of a value.
    bytes: usize,
    convert: fn(&[i8], &mut [[i8; CHUNK]]),
    room: &'c mut [[i8; CHUNK]],
    /// Chunks of a line.
    line: usize,
    /// Number of lines that `room` has.
    lines: usize,
    /// Number of lines that the windows cover.
    all: usize,
    /// The next line that is not written yet.
    count: usize,
    /// The first line of the current windows. Line 0 lies above the grid.
    first: usize,
}

impl<'c> Padded<'c> {
    /// With memory for lines of `line` chunks. The windows cover `all` lines.
    fn new<M: Multiply>(
        windows: &'c Windows<'c, i8>,
        inputs: Inputs,
        (line, all): (usize, usize),
        room: &'c mut [[i8; CHUNK]],
    ) -> Self {
        Self {
            windows,
            run: CHUNK * inputs.run_chunks(),
            bytes: CHUNK / M::INPUTS,
            convert: convert::<M>,
            lines: room.len() / line.max(1),
            room,
            line,
            all,
            count: windows.first * windows.stride(),
            first: 0,
        }
    }

    /// Where a line begins in `room`.
    #[inline]
    fn place(&self, line: usize) -> usize {
        line.checked_rem(self.lines).unwrap_or(0) * self.line
    }
}

impl Source for Padded<'_> {
    fn width(&self) -> usize {
        self.windows.output.width
    }

    #[inline]
    fn start(&mut self, line: usize) {
        self.first = (self.windows.first + line) * self.windows.stride();
        if line == 0 && self.lines < self.all {
            self.count = self.first;
        }
        while self.count < self.first + TAPS {
            let line = self.count;
            self.count += 1;
            let place = self.place(line);
            fill(part_mut(self.room, place, self.line), self.windows, line, self.convert);
        }
    }

    #[inline]
    fn rows<const R: usize>(&self, first: usize) -> impl AsRef<[TileRows<'_, CHUNK, R>]> {
        let step = self.windows.stride() * self.windows.input.channels * self.bytes;
        [0, 1, 2].map(|tap| {
            let line = part(self.room, self.place(self.first + tap), self.line);
            let all = bytemuck::cast_slice(tail(line.as_flattened(), first * step));
            TileRows::new(all, (self.run, step), self.width() - first)
        })
    }
}

/// Writes a line of the padded grid.
#[inline(never)]
fn fill(
    place: &mut [[i8; CHUNK]],
    windows: &Windows<'_, i8>,
    line: usize,
    convert: fn(&[i8], &mut [[i8; CHUNK]]),
) {
    let (width, channels) = (windows.input.width, windows.input.channels);
    let len = (width + 2) * channels;
    let mut padded = [0; ROW];
    match windows.line(line) {
        None => {
            for pixel in rows_mut(part_mut(&mut padded, 0, len), channels) {
                windows.pad.fill(pixel);
            }
        }
        Some(x) => {
            windows.pad.fill(part_mut(&mut padded, 0, channels));
            windows.pad.fill(part_mut(&mut padded, len - channels, channels));
            copy(part_mut(&mut padded, channels, width * channels), x);
        }
    }
    convert(part(&padded, 0, len), place);
}
