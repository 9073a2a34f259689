//! Operands of kernels: any that their contracts allow. Most rescales spread the outputs over their range.
//! If most outputs were clamped, few wrong sums would change an output.

use crate::draw::Draw;
use crate::memory::{Memory, Misaligned};
use runtime::fixed::{Octaves, Requant};
use runtime::format::{I16Le, I32Le};
use runtime::kernels::{Activation, Attention, Linear, Norm, NormAffine, Skip};

/// Largest magnitude of a bias.
const MAX_BIAS: i32 = 1 << 30;
/// Largest magnitude of a bias of the last normalisation.
const MAX_BETA: i32 = 1 << 29;

/// How the sums of a layer become outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescales {
    /// Sums use the whole range of an output.
    Fitting,
    /// As [`Self::Fitting`], but every third channel has the smallest shift, which a set may compute more
    /// slowly.
    SomeSmallest,
    /// As [`Self::Fitting`], but two channels have the smallest and the largest shift.
    Ends,
    /// As [`Self::Fitting`], but two channels have the smallest and the largest shift that the fast loops
    /// of Cortex-M support.
    FastEnds,
    /// Any biases and shifts.
    Any,
}

impl Rescales {
    /// One of them, half of the time [`Self::Fitting`].
    pub fn draw(draw: &mut impl Draw) -> Self {
        match draw.byte() % 8 {
            0 => Self::SomeSmallest,
            1 => Self::Ends,
            2 => Self::FastEnds,
            3 => Self::Any,
            _ => Self::Fitting,
        }
    }
}

/// Storage of a [`Linear`], with misaligned tensors.
pub struct Layer<M: Memory> {
    weights: Misaligned<M::Slice<i8>>,
    bias: Misaligned<M::Slice<u8>>,
    mult: Misaligned<M::Slice<u8>>,
    shift: M::Slice<u8>,
    k: usize,
}

impl<M: Memory> Layer<M> {
    /// A layer of `n` outputs over `k` inputs; `None` if the memory does not hold it. Extreme weights
    /// are all at an end of their range.
    pub fn new(
        memory: &mut M,
        draw: &mut impl Draw,
        (n, k): (usize, usize),
        extreme: bool,
        rescales: Rescales,
    ) -> Option<Self> {
        let mut weights = Misaligned::take(memory, n * k, draw.length(0, 3))?;
        draw.i8s(weights.get_mut(), extreme);
        let mut bias = Misaligned::take(memory, 4 * n, draw.length(0, 3))?;
        if rescales == Rescales::Any {
            draw.i32s(bias.get_mut(), MAX_BIAS);
        } else {
            let largest = extreme && draw.flip();
            for bytes in bias.get_mut().chunks_exact_mut(4) {
                let value = if largest { MAX_BIAS } else { draw.word().cast_signed() >> 14 };
                bytes.copy_from_slice(&value.to_le_bytes());
            }
        }
        let mut mult = Misaligned::take(memory, 4 * n, draw.length(0, 3))?;
        for bytes in mult.get_mut().chunks_exact_mut(4) {
            bytes.copy_from_slice(&draw.mult().to_le_bytes());
        }
        let mut shift = memory.take(n)?;
        // A sum of `k` products of two bytes is about `2^12 · √k`; `k` is below 2^16.
        let fitting = 35 + (k.max(1).ilog2() / 2) as u8;
        for (channel, shift) in shift.iter_mut().enumerate() {
            *shift = match (rescales, channel) {
                (Rescales::Any, _) => draw.small(Requant::MIN_SHIFT, Requant::MAX_SHIFT),
                (Rescales::SomeSmallest, _) if channel % 3 == 1 => Requant::MIN_SHIFT,
                (Rescales::Ends, 0) => Requant::MIN_SHIFT,
                (Rescales::Ends, 1) => Requant::MAX_SHIFT,
                (Rescales::FastEnds, 0) => 33,
                (Rescales::FastEnds, 1) => 54,
                _ => draw.small(fitting, fitting + 7),
            };
        }
        Some(Self { weights, bias, mult, shift, k })
    }

    /// The layer.
    ///
    /// # Panics
    /// Never: the lengths agree.
    pub fn linear(&self) -> Linear<'_> {
        self.with_weights(self.weights.get())
    }

    /// The layer with other weights.
    ///
    /// # Panics
    /// If their number differs.
    pub fn with_weights<'a>(&'a self, weights: &'a [i8]) -> Linear<'a> {
        let words = |bytes| I32Le::new(bytes).expect("whole words");
        let (bias, mult) = (words(self.bias.get()), words(self.mult.get()));
        Linear::new(weights, bias, mult, &self.shift, self.k).expect("lengths that agree")
    }

    /// The weights, to change them.
    pub fn weights_mut(&mut self) -> &mut [i8] {
        self.weights.get_mut()
    }

    /// Whether a channel has the smallest shift.
    pub fn has_smallest_shift(&self) -> bool {
        self.shift.contains(&Requant::MIN_SHIFT)
    }
}

/// Storage of an [`Activation`].
#[derive(Clone, Debug)]
pub struct Gelu {
    zero_point: i8,
    table: Option<([i8; 256], i8)>,
}

impl Gelu {
    /// With or without a table.
    pub fn new(draw: &mut impl Draw) -> Self {
        let zero_point = draw.byte().cast_signed();
        let table = draw.flip().then(|| {
            let mut table = [0; 256];
            draw.i8s(&mut table, false);
            (table, draw.byte().cast_signed())
        });
        Self { zero_point, table }
    }

    /// The activation.
    pub fn activation(&self) -> Activation<'_> {
        let gelu = self.table.as_ref().map(|(table, zero_point)| (table, *zero_point));
        Activation { zero_point: self.zero_point, gelu }
    }
}

/// Storage of a [`NormAffine`].
pub struct Affine<M: Memory> {
    gamma: M::Slice<u8>,
    beta: M::Slice<u8>,
    norm: Norm,
}

impl<M: Memory> Affine<M> {
    /// For rows of `dim` values; `None` if the memory does not hold it.
    pub fn new(memory: &mut M, draw: &mut impl Draw, dim: usize) -> Option<Self> {
        let mut gamma = memory.take(2 * dim)?;
        draw.fill(&mut gamma);
        let spreads = draw.flip();
        let mut beta = memory.take(4 * dim)?;
        draw.i32s(&mut beta, if spreads { 1 << 22 } else { MAX_BETA });
        let shift = if spreads { draw.small(18, 24) } else { draw.small(1, 24) };
        Some(Self { gamma, beta, norm: Norm { shift, ..norm(draw) } })
    }

    /// The normalisation.
    ///
    /// # Panics
    /// Never: the lengths agree.
    pub fn norm(&self) -> NormAffine<'_> {
        NormAffine {
            eps: self.norm.eps,
            gamma: I16Le::new(&self.gamma).expect("whole halves"),
            beta: I32Le::new(&self.beta).expect("whole words"),
            shift: self.norm.shift,
            zero_point: self.norm.zero_point,
        }
    }
}

/// A normalisation without gain and bias.
pub fn norm(draw: &mut impl Draw) -> Norm {
    Norm {
        eps: if draw.flip() { draw.between(1, 50) } else { draw.between(1, (1 << 31) - 1) },
        mult: draw.mult(),
        shift: if draw.flip() { draw.small(22, 27) } else { draw.small(7, 37) },
        zero_point: draw.byte().cast_signed(),
    }
}

/// The rescales of an attention.
///
/// # Panics
/// Never: the multiplier is in range.
pub fn attention(draw: &mut impl Draw, heads: usize, head_dim: usize) -> Attention {
    // Several limits, so that small multipliers are frequent too.
    let largest = match draw.byte() % 4 {
        0 => 3_000_000,
        1 => 1 << 14,
        2 => 1000,
        _ => Octaves::MAX_MULT,
    };
    let shift = match draw.byte() % 3 {
        0 => draw.small(28, 32),
        // Shifts that the fast loops of Cortex-M support.
        1 => draw.small(25, 46),
        _ => draw.small(25, 55),
    };
    Attention {
        heads,
        head_dim,
        octaves: Octaves::new(draw.between(1, largest)).expect("a multiplier in range"),
        mult: draw.mult(),
        shift,
        zero_point: draw.byte().cast_signed(),
    }
}

/// How a residual stage adds its input.
///
/// # Panics
/// Never: the rescale is in range.
pub fn skip(draw: &mut impl Draw) -> Skip {
    let mult = draw.mult().cast_signed();
    let any = (Requant::MIN_SHIFT, Requant::MAX_SHIFT);
    let (min, max) = if draw.flip() { (37, 43) } else { any };
    Skip {
        input_zero_point: draw.byte().cast_signed(),
        requant: Requant::new(mult, draw.small(min, max)).expect("a rescale in range"),
        zero_point: draw.byte().cast_signed(),
    }
}
