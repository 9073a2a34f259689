//! A layer as a parsed network keeps it: its place in the blob. This takes less than half the bytes of a
//! [`Linear`].

use crate::arithmetic::types::LayerShape;
use crate::format::I32Le;
use crate::invariant::present_or;
use crate::kernels::Linear;
#[cfg(target_arch = "x86_64")]
use crate::kernels::Packing;

/// Weights, biases, multipliers and shifts of an int8 layer, one after another, and its shape.
#[derive(Clone, Copy, Debug)]
pub struct StoredLinear<'a> {
    /// The bytes of the blob from the first weight to the last shift, and perhaps more.
    tensors: &'a [u8],
    outputs: u16,
    inputs: u16,
    /// Bytes between the tensors: the blob states the length of each tensor there, in a varint that may be
    /// longer than needed. The last byte is 1 if the fast loops of a device can rescale all channels. The
    /// reader finds this out once, because it takes a pass over the channels. The byte is not a field of its
    /// own, so that these four bytes are copied as one word.
    gaps: [u8; 4],
    /// The weights that [`Model::pack`](crate::Model::pack) wrote; empty if it was not called. Only targets
    /// with a packing kernel set have this field, because a layer must stay small.
    #[cfg(target_arch = "x86_64")]
    packed: &'a [u8],
}

impl<'a> StoredLinear<'a> {
    /// A layer whose tensors lie in `tensors`, with `gaps` bytes between one and the next. The caller has
    /// checked that the bytes exist. `None` if a size does not fit its field.
    pub(crate) fn new(
        tensors: &'a [u8],
        LayerShape { outputs, inputs }: LayerShape,
        gaps: [usize; 3],
    ) -> Option<Self> {
        let [Ok(a), Ok(b), Ok(c)] = gaps.map(u8::try_from) else { return None };
        let (outputs, inputs) = (u16::try_from(outputs).ok()?, u16::try_from(inputs).ok()?);
        Some(Self {
            tensors,
            outputs,
            inputs,
            gaps: [a, b, c, 0],
            #[cfg(target_arch = "x86_64")]
            packed: &[],
        })
    }

    /// The same layer. `fast` says whether the fast loops can rescale all channels.
    #[cfg(upper_word)]
    pub(crate) fn with_fast(self, fast: bool) -> Self {
        let [a, b, c, _] = self.gaps;
        Self { gaps: [a, b, c, fast.into()], ..self }
    }

    /// Number of output channels.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs.into()
    }

    /// The layer as kernels read it.
    #[inline(never)]
    pub(crate) fn operand(&self) -> Linear<'a> {
        // By the contract of `new`, the bytes of the tensors exist.
        let layer = present_or(self.tensors(), Linear::NONE);
        #[cfg(target_arch = "x86_64")]
        let layer = layer.with_packed(self.packed);
        #[cfg(upper_word)]
        let layer = layer.with_fast(self.gaps.last() == Some(&1));
        layer
    }

    /// Packs the layer into the first bytes of `memory`, and shortens `memory` by them. `run` is the number
    /// of inputs that lie side by side in memory. If `memory` is too short, the layer stays as it was.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn pack(&mut self, packing: &Packing, run: usize, memory: &mut &'a mut [u8]) {
        let layer = self.operand();
        let len = (packing.len)(&layer, run);
        let Some((packed, rest)) = core::mem::take(memory).split_at_mut_checked(len) else {
            return;
        };
        (packing.pack)(&layer, run, packed);
        self.packed = packed;
        *memory = rest;
    }

    fn tensors(&self) -> Option<Linear<'a>> {
        let (n, k) = (self.outputs(), usize::from(self.inputs));
        let [before_bias, before_mult, before_shift, _] = self.gaps.map(usize::from);
        let (weights, rest) = self.tensors.split_at_checked(n * k)?;
        let (bias, rest) = rest.get(before_bias..)?.split_at_checked(4 * n)?;
        let (mult, rest) = rest.get(before_mult..)?.split_at_checked(4 * n)?;
        let shift = rest.get(before_shift..)?.get(..n)?;
        let weights = bytemuck::cast_slice(weights);
        Some(Linear::of_lengths(weights, I32Le::new(bias)?, I32Le::new(mult)?, shift, k))
    }
}
