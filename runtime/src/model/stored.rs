//! A layer as a model keeps it: where it lies in the blob, less than half the bytes of a [`Linear`].

use crate::format::I32Le;
use crate::kernels::Linear;

/// Weights, biases, multipliers and shifts of an int8 layer, one after another, and its shape.
#[derive(Clone, Copy, Debug)]
pub struct StoredLinear<'a> {
    /// From the first weight on: the last shift, and what follows in the blob.
    tensors: &'a [u8],
    outputs: u16,
    inputs: u16,
    /// Bytes between the tensors: the lengths that the blob states, which a writer may pad.
    gaps: [u8; 3],
}

impl<'a> StoredLinear<'a> {
    /// A layer of `outputs` over `inputs` in `tensors`, which reach from the first weight to the last
    /// shift at least; `None` if a number does not fit.
    pub(crate) fn new(
        tensors: &'a [u8],
        (outputs, inputs): (usize, usize),
        gaps: [usize; 3],
    ) -> Option<Self> {
        let [Ok(a), Ok(b), Ok(c)] = gaps.map(u8::try_from) else { return None };
        let (outputs, inputs) = (u16::try_from(outputs).ok()?, u16::try_from(inputs).ok()?);
        Some(Self { tensors, outputs, inputs, gaps: [a, b, c] })
    }

    /// Number of output channels.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs.into()
    }

    /// The layer as kernels read it.
    #[inline(never)]
    pub(crate) fn operand(&self) -> Linear<'a> {
        // The tensors are there, by the contract of `new`.
        self.tensors().unwrap_or(Linear::NONE)
    }

    fn tensors(&self) -> Option<Linear<'a>> {
        let (n, k) = (self.outputs(), usize::from(self.inputs));
        let [before_bias, before_mult, before_shift] = self.gaps.map(usize::from);
        let (weights, rest) = self.tensors.split_at_checked(n * k)?;
        let (bias, rest) = rest.get(before_bias..)?.split_at_checked(4 * n)?;
        let (mult, rest) = rest.get(before_mult..)?.split_at_checked(4 * n)?;
        let shift = rest.get(before_shift..)?.get(..n)?;
        let weights = bytemuck::cast_slice(weights);
        Linear::new(weights, I32Le::new(bias)?, I32Le::new(mult)?, shift, k).ok()
    }
}
