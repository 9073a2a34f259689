//! Convolutions with a 3×3 window.

use super::case::{Case, Comparison, Difference, check, flip};
use crate::draw::Draw;
use crate::memory::{Memory, Misaligned};
use crate::operands::{Gelu, Layer, Rescales};
use runtime::config::Grid;
use runtime::kernels::{Linear, scalar};
use runtime::window::{Band, Pad, Windows};

/// A set that convolves grids must do so for every layer with at most this many input channels and without
/// the smallest shift.
const ALWAYS_CONVOLVED: usize = 80;

/// Packed weights, with the alignment that they need.
#[cfg(target_arch = "x86_64")]
pub(super) struct Packed<S> {
    memory: S,
    start: usize,
    len: usize,
}

#[cfg(target_arch = "x86_64")]
impl<S: core::ops::DerefMut<Target = [u8]>> Packed<S> {
    /// Packs a layer, of which `run` inputs at a time are adjacent in memory.
    ///
    /// # Panics
    /// If the set writes beyond the end of the memory for packed weights.
    pub(super) fn new<M: Memory<Slice<u8> = S>>(
        memory: &mut M,
        layer: &Linear<'_>,
        run: usize,
        packing: &runtime::kernels::Packing,
    ) -> Option<Self> {
        use runtime::kernels::PACKED_ALIGN;
        let len = (packing.len)(layer, run);
        let mut memory = memory.take::<u8>(len + PACKED_ALIGN)?;
        memory.fill(0xA5);
        let start = memory.as_ptr().align_offset(PACKED_ALIGN);
        (packing.pack)(layer, run, &mut memory[start..start + len]);
        assert!(memory[start + len..].iter().all(|&byte| byte == 0xA5), "written beyond the end");
        Some(Self { memory, start, len })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }
}

pub(super) fn conv<M: Memory, D: Draw>(this: &mut Comparison<'_, M, D>, case: Case) -> Option<()> {
    let Case::Conv { input, n, stride } = case else { return None };
    if this.sets.iter().all(|set| set.conv.is_none()) {
        return Some(());
    }
    let [height, width] = [input.height, input.width].map(|side| side.div_ceil(stride));
    let output = Grid { height, width, channels: n };
    let k = 9 * input.channels;
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let extreme = draw.one_in(4);
    let rescales = Rescales::draw(draw);
    let layer = Layer::new(memory, draw, (n, k), extreme, rescales)?;
    let mut x = Misaligned::take(memory, input.len(), draw.length(0, 3))?;
    let extreme = draw.one_in(8) || extreme && draw.flip();
    draw.i8s(x.get_mut(), extreme);
    let gelu = Gelu::new(draw);
    let mut zeros = [0; 3];
    draw.i8s(&mut zeros, false);
    let pad = if input.channels == 3 { Pad::Image(zeros) } else { Pad::Zero(zeros[0]) };
    // The last rows of the input, from the first one that a window covers, as in a ring buffer.
    let first = draw.length(0, height - 1);
    let lines = draw.length(3, 6).min(input.height);
    let whole = first == 0 || lines == input.height;
    let (first, lines) = if whole { (0, input.height) } else { (first, lines) };
    let windows = Windows { x: x.get(), lines, first, input, output, pad };
    let rows = if whole { height } else { 1 };
    let output = Grid { height: rows, ..output };

    let mut plain = memory.take::<i8>(output.len())?;
    let mut stream = memory.take::<i16>(output.len())?;
    draw.i16s(&mut stream, 1 << 15, false);
    let mut added = memory.take::<i16>(output.len())?;
    added.copy_from_slice(&stream);
    let mut scratch = memory.take::<i8>(k * draw.length(1, width))?;
    let (linear, activation) = (layer.linear(), gelu.activation());
    windows.each(&mut scratch, plain.len(), &mut |x, positions| {
        scalar::linear_i8(x, &linear, &activation, windows.places(&mut plain, positions));
    });
    windows.each(&mut scratch, added.len(), &mut |x, positions| {
        scalar::linear_add_i16(x, &linear, windows.places(&mut added, positions));
    });

    let mut found = memory.take::<i8>(output.len())?;
    let mut found_stream = memory.take::<i16>(output.len())?;
    for &set in this.sets {
        let Some(conv) = set.conv else { continue };
        let mut compare = |layer: Linear<'_>, kernels: [&'static str; 2]| {
            found.copy_from_slice(&plain);
            flip(&mut found);
            found_stream.copy_from_slice(&stream);
            let done = (conv.conv_i8)(&windows, &layer, &activation, &mut found);
            let both = done == (conv.conv_add_i16)(&windows, &layer, &mut found_stream);
            let may_refuse =
                input.channels > ALWAYS_CONVOLVED || layer.requants().any(has_smallest_shift);
            if !both || !done && !may_refuse {
                (this.report)(Difference { set: set.name, kernel: "conv", case, at: 0 });
            }
            if done {
                check(this.report, (set, kernels[0]), case, &found, &plain);
                check(this.report, (set, kernels[1]), case, &found_stream, &added);
            }
        };
        compare(linear, ["conv_i8", "conv_add_i16"]);
        #[cfg(target_arch = "x86_64")]
        if let Some(packing) = set.packing {
            let packed = Packed::new(&mut this.memory, &linear, 3 * input.channels, &packing)?;
            // The other weights are wrong, so that the result is wrong if a kernel reads them.
            let mut others = this.memory.take::<i8>(n * k)?;
            others.fill(99);
            let layer = layer.with_weights(&others).with_packed(packed.bytes());
            compare(layer, ["conv_i8, packed", "conv_add_i16, packed"]);
        }
    }
    Some(())
}

fn has_smallest_shift(channel: runtime::kernels::Channel<'_>) -> bool {
    channel.requant.shift() == runtime::fixed::Requant::MIN_SHIFT
}

pub(super) fn depthwise<M: Memory, D: Draw>(
    this: &mut Comparison<'_, M, D>,
    grid: Grid,
) -> Option<()> {
    let (memory, draw) = (&mut this.memory, &mut *this.draw);
    let extreme = draw.one_in(4);
    let rescales = Rescales::draw(draw);
    // The weights are stored tap by tap. Their number is the same as in a linear layer with 9 inputs.
    let mut layer = Layer::new(memory, draw, (grid.channels, 9), extreme, rescales)?;
    // Exporters write no −128. A set may be faster without −128, but must be correct with it.
    if !draw.one_in(4) {
        layer.weights_mut().iter_mut().for_each(|weight| *weight = (*weight).max(-127));
    }
    let mut x = Misaligned::take(memory, grid.len(), draw.length(0, 3))?;
    let extreme = draw.one_in(8) || extreme && draw.flip();
    draw.i8s(x.get_mut(), extreme);
    let (gelu, pad) = (Gelu::new(draw), draw.byte().cast_signed());
    let start = draw.length(0, grid.height - 1);
    let rows = start..draw.length(start + 1, grid.height);
    let len = rows.len() * grid.width * grid.channels;
    let band = Band { grid, rows };
    let mut expected = memory.take::<i8>(len)?;
    let mut found = memory.take::<i8>(len)?;
    let (linear, activation) = (layer.linear(), gelu.activation());
    scalar::depthwise_i8(x.get(), &band, pad, &linear, &activation, &mut expected);
    for &set in this.sets {
        found.copy_from_slice(&expected);
        flip(&mut found);
        (set.depthwise_i8)(x.get(), &band, pad, &linear, &activation, &mut found);
        check(this.report, (set, "depthwise_i8"), Case::Depthwise(grid), &found, &expected);
    }
    Some(())
}
