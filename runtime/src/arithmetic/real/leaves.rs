//! Reading the leaves of a real blob.

use super::{Real, RealActivation, RealAttention, RealLinear, RealNorm};
use crate::arithmetic::Leaves;
use crate::config::VitConfig;
use crate::error::FormatError;
use crate::format::{
    ARITHMETIC_REAL, F16Le, F32Le, PixelRecord, RealLinearRecord, RealNormRecord, Records,
};
use crate::model::check::Check;

impl Check {
    fn f32s<'a>(
        self,
        tensor: &'static str,
        bytes: &'a [u8],
        n: usize,
    ) -> Result<F32Le<'a>, FormatError> {
        let expected = n.saturating_mul(4);
        self.len(tensor, bytes.len(), expected)?;
        let values = F32Le::new(bytes).ok_or(self.wrong_len(tensor, bytes, expected))?;
        self.finite(tensor, values.iter())?;
        Ok(values)
    }

    fn f16s<'a>(
        self,
        tensor: &'static str,
        bytes: &'a [u8],
        n: usize,
    ) -> Result<F16Le<'a>, FormatError> {
        let expected = n.saturating_mul(2);
        self.len(tensor, bytes.len(), expected)?;
        let values = F16Le::new(bytes).ok_or(self.wrong_len(tensor, bytes, expected))?;
        self.finite(tensor, values.iter())?;
        Ok(values)
    }

    const fn wrong_len(self, tensor: &'static str, bytes: &[u8], expected: usize) -> FormatError {
        FormatError::TensorLen { record: self.0, tensor, found: bytes.len(), expected }
    }

    fn finite(
        self,
        tensor: &'static str,
        mut values: impl Iterator<Item = f32>,
    ) -> Result<(), FormatError> {
        if values.all(f32::is_finite) {
            return Ok(());
        }
        Err(FormatError::NotFinite { record: self.0, tensor })
    }
}

impl Leaves for Real {
    const ID: u16 = ARITHMETIC_REAL;

    fn input(check: Check, input: &PixelRecord) -> Result<(), FormatError> {
        check.finite("mean", input.mean.into_iter())?;
        // Zero, negative and subnormal deviations have no gain that a pixel could be scaled by.
        let gain = |std: f32| if std > 0.0 { std.recip() } else { f32::NAN };
        check.finite("std", input.std.into_iter().chain(input.std.map(gain)))
    }

    fn read_linear<'a>(
        records: &mut Records<'a>,
        check: Check,
        (n, k): (usize, usize),
    ) -> Result<RealLinear<'a>, FormatError> {
        let record: RealLinearRecord<'a> = records.next(check.0)?;
        let weights = check.f16s("weights", record.weights, n.saturating_mul(k))?;
        Ok(RealLinear { weights, bias: check.f32s("bias", record.bias, n)?, k })
    }

    fn read_activation(
        _: &mut Records<'_>,
        _: Check,
        gelu: bool,
    ) -> Result<RealActivation, FormatError> {
        Ok(RealActivation { gelu })
    }

    fn read_skip(
        records: &mut Records<'_>,
        check: Check,
        zero: Option<f32>,
        _: &RealActivation,
    ) -> Result<Option<()>, FormatError> {
        read_flag(records, check, "skip", zero.is_some())
    }

    fn read_norm<'a>(
        records: &mut Records<'a>,
        check: Check,
        dim: usize,
    ) -> Result<RealNorm<'a>, FormatError> {
        let record: RealNormRecord<'a> = records.next(check.0)?;
        let gamma = check.f32s("gamma", record.gamma, dim)?;
        Ok(RealNorm { gamma, beta: check.f32s("beta", record.beta, dim)? })
    }

    fn read_attention(
        _: &mut Records<'_>,
        _: Check,
        config: &VitConfig,
    ) -> Result<RealAttention, FormatError> {
        Ok(RealAttention { heads: config.heads(), head_dim: config.head_dim() })
    }

    fn read_second_gelu(
        records: &mut Records<'_>,
        check: Check,
        expected: bool,
    ) -> Result<Option<()>, FormatError> {
        read_flag(records, check, "mlp2_gelu", expected)
    }

    fn position<'a>(check: Check, bytes: &'a [u8], len: usize) -> Result<F16Le<'a>, FormatError> {
        check.f16s("position", bytes, len)
    }

    fn read_last_norm<'a>(
        records: &mut Records<'a>,
        check: Check,
        dim: usize,
    ) -> Result<RealNorm<'a>, FormatError> {
        Self::read_norm(records, check, dim)
    }

    #[expect(clippy::cast_precision_loss, reason = "there are at most 1,024 tokens")]
    fn read_embedding(
        records: &mut Records<'_>,
        check: Check,
        tokens: Option<usize>,
    ) -> Result<Option<f32>, FormatError> {
        let flag = read_flag(records, check, "embedding", tokens.is_some())?;
        Ok(flag.and(tokens).map(|tokens| 1.0 / tokens as f32))
    }

    fn read_logits<'a>(
        records: &mut Records<'a>,
        check: Check,
        shape: (usize, usize),
    ) -> Result<(RealLinear<'a>, ()), FormatError> {
        Ok((Self::read_linear(records, check, shape)?, ()))
    }
}

/// A part without content: there or not.
fn read_flag(
    records: &mut Records<'_>,
    check: Check,
    field: &'static str,
    expected: bool,
) -> Result<Option<()>, FormatError> {
    let found: bool = records.next(check.0)?;
    check.presence(field, found, expected)?;
    Ok(found.then_some(()))
}
