//! What kernels read: borrowed tensors whose lengths agree by construction.

use crate::error::ShapeError;
use crate::fixed::{Octaves, Requant, sat8, sat16};
use crate::format::{I16Le, I32Le};
use crate::rows::rows;
#[cfg(any(target_arch = "x86_64", upper_word))]
use crate::rows::up_to;

/// An int8 layer: weights, bias and one requant for each output channel.
///
/// A convolution is a layer over its window; a depthwise convolution is stored tap by tap,
/// `[9, n]`.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    weights: &'a [i8],
    bias: I32Le<'a>,
    mult: I32Le<'a>,
    shift: &'a [u8],
    k: usize,
    #[cfg(target_arch = "x86_64")]
    packed: &'a [u8],
    /// Whether the fast loops can rescale all channels.
    #[cfg(upper_word)]
    fast: bool,
}

/// One output channel of a [`Linear`].
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The channel's weights; empty when read from [`Linear::requants`].
    pub weights: &'a [i8],
    /// Initial value of the accumulator.
    pub bias: i32,
    /// From accumulator to output.
    pub requant: Requant,
}

impl<'a> Linear<'a> {
    /// No outputs.
    pub(crate) const NONE: Self = Self {
        weights: &[],
        bias: I32Le::EMPTY,
        mult: I32Le::EMPTY,
        shift: &[],
        k: 1,
        #[cfg(target_arch = "x86_64")]
        packed: &[],
        #[cfg(upper_word)]
        fast: false,
    };

    /// A layer of `n` outputs over `k` inputs, `n = shift.len()`.
    ///
    /// # Errors
    /// [`ShapeError`] unless there are `n·k` weights, `n` biases and `n` multipliers.
    pub fn new(
        weights: &'a [i8],
        bias: I32Le<'a>,
        mult: I32Le<'a>,
        shift: &'a [u8],
        k: usize,
    ) -> Result<Self, ShapeError> {
        let n = shift.len();
        ShapeError::check("inputs of a layer", k.clamp(1, crate::config::MAX_K), k)?;
        ShapeError::check("weights of a layer", n.saturating_mul(k), weights.len())?;
        ShapeError::check("biases of a layer", n, bias.len())?;
        ShapeError::check("multipliers of a layer", n, mult.len())?;
        let layer = Self::of_lengths(weights, bias, mult, shift, k);
        #[cfg(upper_word)]
        let layer = layer.with_fast(
            mult.iter().all(|mult| mult >= Requant::MIN_MULT) && crate::fixed::are_fast(shift),
        );
        Ok(layer)
    }

    /// [`Self::new`] for lengths that were checked.
    #[allow(clippy::needless_update, reason = "some targets have no further fields")]
    pub(crate) const fn of_lengths(
        weights: &'a [i8],
        bias: I32Le<'a>,
        mult: I32Le<'a>,
        shift: &'a [u8],
        k: usize,
    ) -> Self {
        Self { weights, bias, mult, shift, k, ..Self::NONE }
    }

    /// Inputs of one output; at least 1.
    pub const fn inputs(&self) -> usize {
        self.k
    }

    /// Number of output channels.
    pub const fn outputs(&self) -> usize {
        self.shift.len()
    }

    /// All weights, `[n, k]`.
    pub const fn weights(&self) -> &'a [i8] {
        self.weights
    }

    /// The same layer with its weights as [`Packing`](super::Packing) packed them.
    #[cfg(target_arch = "x86_64")]
    #[doc(hidden)]
    pub const fn with_packed(self, packed: &'a [u8]) -> Self {
        Self { packed, ..self }
    }

    /// The same layer. `fast` says whether the fast loops can rescale all channels.
    #[cfg(upper_word)]
    pub(crate) const fn with_fast(self, fast: bool) -> Self {
        Self { fast, ..self }
    }

    /// Whether the fast loops can rescale all channels.
    #[cfg(upper_word)]
    pub(crate) const fn is_fast(&self) -> bool {
        self.fast
    }

    /// The packed weights; empty if the layer is not packed.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn packed(&self) -> &'a [u8] {
        self.packed
    }

    /// Output channels in order.
    #[inline]
    pub fn channels(self) -> impl Iterator<Item = Channel<'a>> {
        rows(self.weights, self.k)
            .zip(self.requants())
            .map(|(weights, channel)| Channel { weights, ..channel })
    }

    /// As [`Self::requants`], from channel `first` on; none if there are no more.
    #[cfg(vector_target)]
    pub(crate) fn requants_from(self, first: usize) -> impl Iterator<Item = Channel<'a>> {
        let tail = |bytes: I32Le<'a>| bytes.skip(first);
        let shift = self.shift.get(first..).unwrap_or(&[]);
        Self { bias: tail(self.bias), mult: tail(self.mult), shift, ..self }.requants()
    }

    /// Biases, multipliers and shifts of up to `len` channels from `first` on, as they are stored.
    #[cfg(any(target_arch = "x86_64", upper_word))]
    #[inline]
    pub(crate) fn stored(
        &self,
        first: usize,
        len: usize,
    ) -> (&'a [[u8; 4]], &'a [[u8; 4]], &'a [u8]) {
        let shift = up_to(self.shift, first, len);
        (self.bias.words(first, len), self.mult.words(first, len), shift)
    }

    /// Bias and requant of each output channel in order, without weights.
    ///
    /// A multiplier or shift outside [`Requant`]'s range is read as the nearest one inside. The blob
    /// reader refuses such values.
    #[inline]
    pub fn requants(self) -> impl Iterator<Item = Channel<'a>> {
        self.bias.iter().zip(self.mult.iter()).zip(self.shift).map(|((bias, mult), &shift)| {
            Channel { weights: &[], bias, requant: Requant::nearest(mult, shift) }
        })
    }
}

/// How an i8 layer stores its output: a zero point, and a table if GELU follows.
#[derive(Clone, Copy, Debug)]
pub struct Activation<'a> {
    /// Zero point of the layer's output, before GELU.
    pub zero_point: i8,
    /// GELU as a table, indexed by the bits of the layer's output, and the zero point of its values.
    pub gelu: Option<(&'a [i8; 256], i8)>,
}

impl Activation<'_> {
    /// From a rescaled accumulator to the stored byte.
    #[inline]
    pub fn apply(&self, rescaled: i32) -> i8 {
        let q = sat8(i32::from(self.zero_point) + rescaled);
        self.gelu.map_or(q, |(table, _)| look_up(table, q))
    }

    /// [`Self::apply`] for neighbouring channels.
    #[inline]
    pub(crate) fn store(&self, rescaled: &[i32], out: &mut [i8]) {
        for (out, &rescaled) in out.iter_mut().zip(rescaled) {
            *out = sat8(i32::from(self.zero_point) + rescaled);
        }
        // A loop of its own, so that the clamp above becomes SIMD.
        if let Some((table, _)) = self.gelu {
            for out in out {
                *out = look_up(table, *out);
            }
        }
    }

    /// Zero point of what is stored.
    pub fn output_zero_point(&self) -> i8 {
        self.gelu.map_or(self.zero_point, |(_, zero_point)| zero_point)
    }
}

#[inline]
fn look_up(table: &[i8; 256], q: i8) -> i8 {
    // Every u8 is a valid index of 256 entries.
    table.get(usize::from(q.cast_unsigned())).copied().unwrap_or(q)
}

/// How a residual stem stage adds its input.
#[derive(Clone, Copy, Debug)]
pub struct Skip {
    /// Zero point of the stage's input.
    pub input_zero_point: i8,
    /// From the input, shifted left by 8, to the output's scale.
    pub requant: Requant,
    /// Zero point of the sum.
    pub zero_point: i8,
}

impl Skip {
    /// Adds rescaled accumulators of neighbouring channels to the stage's input, which `out` holds.
    #[inline]
    pub(crate) fn store(&self, rescaled: &[i32], out: &mut [i8]) {
        let (zero_in, zero_out) = (i32::from(self.input_zero_point), i32::from(self.zero_point));
        for (out, &rescaled) in out.iter_mut().zip(rescaled) {
            let skipped = self.requant.apply((i32::from(*out) - zero_in) * 256);
            *out = sat8(zero_out + rescaled + skipped);
        }
    }
}

/// Adds rescaled accumulators of neighbouring channels to the residual stream, which `out` holds.
#[inline]
pub(crate) fn add_i16(rescaled: &[i32], out: &mut [i16]) {
    for (out, &rescaled) in out.iter_mut().zip(rescaled) {
        *out = sat16(i32::from(*out) + rescaled);
    }
}

/// A layer normalisation whose gain and bias are folded into the layer that follows.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    /// Added to the variance, in units of the stream's squared scale; at least 1.
    pub eps: u32,
    /// `1 / output scale = mult · 2^−shift`, `2^30 ≤ mult < 2^31`.
    pub mult: u32,
    /// 7 to 37.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

/// A layer normalisation with gain and bias for each channel.
#[derive(Clone, Copy, Debug)]
pub struct NormAffine<'a> {
    /// Added to the variance, in units of the stream's squared scale; at least 1.
    pub eps: u32,
    /// Gain over the output scale, with `shift − 10` fraction bits.
    pub gamma: I16Le<'a>,
    /// Bias over the output scale, with `shift` fraction bits; at most `2^29` in magnitude.
    pub beta: I32Le<'a>,
    /// 1 to 24.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

/// Softmax and rescale of one attention layer.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Number of heads.
    pub heads: usize,
    /// Width of a head, at most 128.
    pub head_dim: usize,
    /// From score distances to octaves.
    pub octaves: Octaves,
    /// `value scale / output scale = mult · 2^−shift`, `2^30 ≤ mult < 2^31`.
    pub mult: u32,
    /// 25 to 55.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

impl Attention {
    /// The multiplier of a row whose exponentials sum to `sum`; at least `2^19`, below `2^31`.
    #[inline]
    pub fn row_mult(&self, sum: u32) -> i32 {
        // The maximum of a row contributes 255. `max` only excludes a division by zero.
        self.row_mult_by((1u32 << 31) / sum.max(255))
    }

    /// [`Self::row_mult`] of a row whose sum has this `reciprocal`, `2^31 / sum` rounded down.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "mult < 2^31 and 2^31 / sum < 2^24, so the shifted product is below 2^31"
    )]
    pub(super) fn row_mult_by(&self, reciprocal: u32) -> i32 {
        ((u64::from(self.mult) * u64::from(reciprocal)) >> 24) as i32
    }

    /// Rescales one accumulated value by its row's multiplier.
    #[inline]
    pub fn store(&self, acc: i32, row_mult: i32) -> i8 {
        // The reader refuses a shift outside 25..=55. The clamp only excludes an overflow.
        let shift = self.shift.clamp(25, 55) + 7;
        sat8(i32::from(self.zero_point) + crate::fixed::rescale(acc, row_mult, shift))
    }
}
