//! Fields of records with their checks: every length, every multiplier, shift and bias.

use crate::error::FormatError;
use crate::fixed::{Octaves, Requant};
use crate::format::{I16Le, I32Le, Records};
use crate::kernels::{Activation, Attention, Norm};
use crate::model::StoredLinear;

/// Range of a value.
#[derive(Debug)]
pub(crate) struct Limits {
    field: &'static str,
    min: i64,
    max: i64,
}

impl Limits {
    pub(crate) const fn new(field: &'static str, min: i64, max: i64) -> Self {
        Self { field, min, max }
    }
}

const BIAS: Limits = Limits::new("bias", -(1 << 30), 1 << 30);
const MULT: Limits = Limits::new("mult", 1 << 30, (1 << 31) - 1);
const EPS: Limits = Limits::new("eps", 1, (1 << 31) - 1);
const SCORES: Limits = Limits::new("scores", 1, Octaves::MAX_MULT as i64);
const SHIFT: Limits = Limits::new("shift", Requant::MIN_SHIFT as i64, Requant::MAX_SHIFT as i64);
const NORM_SHIFT: Limits = Limits::new("shift", 7, 37);
const CONTEXT_SHIFT: Limits = Limits::new("shift", 25, 55);

impl<'a> Records<'a> {
    /// Succeeds for a value in its range.
    #[inline(never)]
    pub(crate) fn within(&mut self, limits: &Limits, found: i64) -> Option<()> {
        let Limits { field, min, max } = *limits;
        if found >= min && found <= max {
            return Some(());
        }
        self.fail(FormatError::Range { record: self.record(), field, found, min, max })
    }

    /// The next u32, in its range.
    #[inline(never)]
    pub(crate) fn u32_within(&mut self, limits: &Limits) -> Option<u32> {
        let value = self.next::<u32>()?;
        self.within(limits, value.into())?;
        Some(value)
    }

    /// The next byte, in its range.
    #[inline(never)]
    pub(crate) fn u8_within(&mut self, limits: &Limits) -> Option<u8> {
        let value = self.next::<u8>()?;
        self.within(limits, value.into())?;
        Some(value)
    }

    /// The tag of an optional part, which must be as expected: a byte of 0 or 1, as a `bool` is.
    #[inline(never)]
    pub(crate) fn present(&mut self, field: &'static str, expected: bool) -> Option<bool> {
        if self.next::<bool>()? == expected {
            return Some(expected);
        }
        self.fail(FormatError::Presence { record: self.record(), field, expected })
    }

    /// The next byte string, of `expected` bytes.
    #[inline(never)]
    pub(crate) fn bytes(&mut self, tensor: &'static str, expected: usize) -> Option<&'a [u8]> {
        let bytes: &[u8] = self.next()?;
        let found = bytes.len();
        if found == expected {
            return Some(bytes);
        }
        self.fail(FormatError::TensorLen { record: self.record(), tensor, found, expected })
    }

    /// `n` values in their range.
    #[inline(never)]
    pub(crate) fn i32s(&mut self, limits: &Limits, n: usize) -> Option<I32Le<'a>> {
        let values = I32Le::new(self.bytes(limits.field, n.saturating_mul(4))?)?;
        for value in values.iter() {
            self.within(limits, value.into())?;
        }
        Some(values)
    }

    /// `n` values.
    pub(crate) fn i16s(&mut self, tensor: &'static str, n: usize) -> Option<I16Le<'a>> {
        I16Le::new(self.bytes(tensor, n.saturating_mul(2))?)
    }

    /// `n` biases.
    pub(crate) fn bias(&mut self, n: usize) -> Option<I32Le<'a>> {
        self.i32s(&BIAS, n)
    }

    /// A normalised multiplier.
    pub(crate) fn mult(&mut self) -> Option<u32> {
        self.u32_within(&MULT)
    }

    /// What is added to a variance.
    pub(crate) fn eps(&mut self) -> Option<u32> {
        self.u32_within(&EPS)
    }

    /// A layer of `n` outputs over `k` inputs.
    #[inline(never)]
    pub(crate) fn linear(&mut self, n: usize, k: usize) -> Option<StoredLinear<'a>> {
        let from = self.rest();
        let weights = self.bytes("weights", n.saturating_mul(k))?.len();
        let tensors = from.get(from.len().checked_sub(self.rest().len() + weights)?..)?;
        let after_weights = self.rest().len();
        let bias = self.bias(n)?.len() * size_of::<i32>();
        let after_bias = self.rest().len();
        let mult = self.i32s(&MULT, n)?.len() * size_of::<i32>();
        let after_mult = self.rest().len();
        let shift = self.bytes(SHIFT.field, n)?;
        for &shift in shift {
            self.within(&SHIFT, shift.into())?;
        }
        let gaps = [
            after_weights.checked_sub(after_bias + bias)?,
            after_bias.checked_sub(after_mult + mult)?,
            after_mult.checked_sub(self.rest().len() + n)?,
        ];
        StoredLinear::new(tensors, (n, k), gaps)
    }

    /// What follows a layer.
    #[inline(never)]
    pub(crate) fn activation(&mut self, gelu: bool) -> Option<Activation<'a>> {
        let zero_point = self.next()?;
        if !self.present("gelu", gelu)? {
            return Some(Activation { zero_point, gelu: None });
        }
        let table = <&[u8; 256]>::try_from(self.bytes("gelu table", 256)?).ok()?;
        Some(Activation { zero_point, gelu: Some((bytemuck::cast_ref(table), self.next()?)) })
    }

    /// A block's normalisation.
    #[inline(never)]
    pub(crate) fn norm(&mut self) -> Option<Norm> {
        Some(Norm {
            eps: self.eps()?,
            mult: self.mult()?,
            shift: self.u8_within(&NORM_SHIFT)?,
            zero_point: self.next()?,
        })
    }

    /// Softmax, and rescale of the weighted values.
    #[inline(never)]
    pub(crate) fn attention(&mut self, heads: usize, head_dim: usize) -> Option<Attention> {
        Some(Attention {
            heads,
            head_dim,
            octaves: Octaves::new(self.u32_within(&SCORES)?)?,
            mult: self.mult()?,
            shift: self.u8_within(&CONTEXT_SHIFT)?,
            zero_point: self.next()?,
        })
    }

    /// A rescale.
    #[inline(never)]
    pub(crate) fn requant(&mut self) -> Option<Requant> {
        let mult = self.mult()?.cast_signed();
        Requant::new(mult, self.u8_within(&SHIFT)?)
    }
}
