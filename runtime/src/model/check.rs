//! Checks of single records: every length, every multiplier, shift and bias.

use crate::error::{FormatError, RecordId};
use crate::fixed::{Octaves, Requant};
use crate::format::{
    ActivationRecord, AttentionRecord, ContextRecord, I16Le, I32Le, LinearRecord, NormRecord,
    RequantRecord,
};
use crate::kernels::{Activation, Attention, Linear, Norm};

const MAX_BIAS: i64 = 1 << 30;
const MIN_MULT: i64 = 1 << 30;
const MAX_MULT: i64 = (1 << 31) - 1;
const MAX_EPS: i64 = (1 << 31) - 1;

/// Checks of one record, which its errors name.
#[derive(Clone, Copy, Debug)]
pub struct Check(pub(crate) RecordId);

impl Check {
    pub(crate) fn len(
        self,
        tensor: &'static str,
        found: usize,
        expected: usize,
    ) -> Result<(), FormatError> {
        if found == expected {
            return Ok(());
        }
        Err(FormatError::TensorLen { record: self.0, tensor, found, expected })
    }

    pub(crate) fn range(
        self,
        field: &'static str,
        found: impl Into<i64>,
        min: i64,
        max: i64,
    ) -> Result<(), FormatError> {
        let found = found.into();
        if found >= min && found <= max {
            return Ok(());
        }
        Err(FormatError::Range { record: self.0, field, found, min, max })
    }

    pub(crate) fn presence(
        self,
        field: &'static str,
        found: bool,
        expected: bool,
    ) -> Result<(), FormatError> {
        if found == expected {
            return Ok(());
        }
        Err(FormatError::Presence { record: self.0, field, expected })
    }

    /// `n` values from `min` to `max`.
    pub(crate) fn i32s<'a>(
        self,
        tensor: &'static str,
        bytes: &'a [u8],
        n: usize,
        (min, max): (i64, i64),
    ) -> Result<I32Le<'a>, FormatError> {
        let expected = n.saturating_mul(4);
        self.len(tensor, bytes.len(), expected)?;
        let values = I32Le::new(bytes).ok_or(FormatError::TensorLen {
            record: self.0,
            tensor,
            found: bytes.len(),
            expected,
        })?;
        for value in values.iter() {
            self.range(tensor, value, min, max)?;
        }
        Ok(values)
    }

    pub(crate) fn bias<'a>(self, bytes: &'a [u8], n: usize) -> Result<I32Le<'a>, FormatError> {
        self.i32s("bias", bytes, n, (-MAX_BIAS, MAX_BIAS))
    }

    pub(crate) fn i16s<'a>(
        self,
        tensor: &'static str,
        bytes: &'a [u8],
        n: usize,
    ) -> Result<I16Le<'a>, FormatError> {
        let expected = n.saturating_mul(2);
        self.len(tensor, bytes.len(), expected)?;
        I16Le::new(bytes).ok_or(FormatError::TensorLen {
            record: self.0,
            tensor,
            found: bytes.len(),
            expected,
        })
    }

    /// A layer of `n` outputs over `k` inputs.
    pub(crate) fn linear<'a>(
        self,
        record: &LinearRecord<'a>,
        n: usize,
        k: usize,
    ) -> Result<Linear<'a>, FormatError> {
        self.len("weights", record.weights.len(), n.saturating_mul(k))?;
        self.len("shift", record.shift.len(), n)?;
        let bias = self.bias(record.bias, n)?;
        let mult = self.i32s("mult", record.mult, n, (MIN_MULT, MAX_MULT))?;
        for &shift in record.shift {
            self.shift(shift, Requant::MIN_SHIFT, Requant::MAX_SHIFT)?;
        }
        let weights = bytemuck::cast_slice(record.weights);
        Linear::new(weights, bias, mult, record.shift, k).map_err(|error| FormatError::TensorLen {
            record: self.0,
            tensor: error.what,
            found: error.found,
            expected: error.expected,
        })
    }

    pub(crate) fn activation<'a>(
        self,
        record: &ActivationRecord<'a>,
        gelu: bool,
    ) -> Result<Activation<'a>, FormatError> {
        self.presence("gelu", record.gelu.is_some(), gelu)?;
        let gelu = match &record.gelu {
            None => None,
            Some(gelu) => {
                let table =
                    <&[u8; 256]>::try_from(gelu.table).map_err(|_| FormatError::TensorLen {
                        record: self.0,
                        tensor: "gelu table",
                        found: gelu.table.len(),
                        expected: 256,
                    })?;
                Some((bytemuck::cast_ref(table), gelu.zero_point))
            }
        };
        Ok(Activation { zero_point: record.zero_point, gelu })
    }

    pub(crate) fn norm(self, record: &NormRecord) -> Result<Norm, FormatError> {
        self.eps(record.eps)?;
        self.mult(record.mult)?;
        self.shift(record.shift, 7, 37)?;
        let NormRecord { eps, mult, shift, zero_point } = *record;
        Ok(Norm { eps, mult, shift, zero_point })
    }

    pub(crate) fn attention(
        self,
        (heads, head_dim): (usize, usize),
        record: &AttentionRecord,
    ) -> Result<Attention, FormatError> {
        let AttentionRecord { scores, context } = *record;
        let octaves = Octaves::new(scores).ok_or(FormatError::Range {
            record: self.0,
            field: "scores",
            found: scores.into(),
            min: 1,
            max: Octaves::MAX_MULT.into(),
        })?;
        self.mult(context.mult)?;
        self.shift(context.shift, 25, 55)?;
        let ContextRecord { mult, shift, zero_point } = context;
        Ok(Attention { heads, head_dim, octaves, mult, shift, zero_point })
    }

    pub(crate) fn requant(self, record: RequantRecord) -> Result<Requant, FormatError> {
        self.mult(record.mult)?;
        self.shift(record.shift, Requant::MIN_SHIFT, Requant::MAX_SHIFT)?;
        Ok(Requant::nearest(record.mult.cast_signed(), record.shift))
    }

    pub(crate) fn eps(self, eps: u32) -> Result<(), FormatError> {
        self.range("eps", eps, 1, MAX_EPS)
    }

    pub(crate) fn mult(self, mult: u32) -> Result<(), FormatError> {
        self.range("mult", mult, MIN_MULT, MAX_MULT)
    }

    pub(crate) fn shift(self, shift: u8, min: u8, max: u8) -> Result<(), FormatError> {
        self.range("shift", shift, min.into(), max.into())
    }
}
