//! Reads the parts of records that an f16 blob stores in its own way.

use super::{F16, F16Activation};
use crate::arithmetic::read::FromRecords;
use crate::arithmetic::types::LayerShape;
use crate::config::VitConfig;
use crate::format::{ARITHMETIC_F16, F16Le, PixelRecord, Records};
use crate::kernels::f16::{F16Attention, F16Linear, F16Norm};

impl FromRecords for F16 {
    const ID: u16 = ARITHMETIC_F16;

    fn input(records: &mut Records<'_>, input: &PixelRecord) -> Option<()> {
        records.finite("mean", input.mean.into_iter())?;
        // A pixel is divided by the deviation. Zero and very small ones have no finite reciprocal.
        let gain = |std: f32| if std > 0.0 { std.recip() } else { f32::NAN };
        records.finite("std", input.std.into_iter().chain(input.std.map(gain)))
    }

    fn read_linear<'a>(records: &mut Records<'a>, shape: LayerShape) -> Option<F16Linear<'a>> {
        let weights = records.f16s("weights", shape.weights())?;
        Some(F16Linear { weights, bias: records.f32s("bias", shape.outputs)?, k: shape.inputs })
    }

    fn read_activation(_: &mut Records<'_>, gelu: bool) -> Option<F16Activation> {
        Some(F16Activation { gelu })
    }

    fn read_skip(
        records: &mut Records<'_>,
        zero: Option<f32>,
        _: &F16Activation,
    ) -> Option<Option<()>> {
        read_flag(records, "skip", zero.is_some())
    }

    fn read_norm<'a>(records: &mut Records<'a>, dim: usize) -> Option<F16Norm<'a>> {
        let gamma = records.f32s("gamma", dim)?;
        Some(F16Norm { gamma, beta: records.f32s("beta", dim)? })
    }

    fn read_attention(_: &mut Records<'_>, config: &VitConfig) -> Option<F16Attention> {
        Some(F16Attention { heads: config.heads(), head_dim: config.head_dim() })
    }

    fn read_second_gelu(records: &mut Records<'_>, expected: bool) -> Option<Option<()>> {
        read_flag(records, "mlp2_gelu", expected)
    }

    fn read_position<'a>(records: &mut Records<'a>, len: usize) -> Option<F16Le<'a>> {
        records.f16s("position", len)
    }

    fn read_last_norm<'a>(records: &mut Records<'a>, dim: usize) -> Option<F16Norm<'a>> {
        Self::read_norm(records, dim)
    }

    #[expect(clippy::cast_precision_loss, reason = "there are at most 1,024 tokens")]
    fn read_embedding(records: &mut Records<'_>, tokens: Option<usize>) -> Option<Option<f32>> {
        let flag = read_flag(records, "embedding", tokens.is_some())?;
        Some(flag.and(tokens).map(|tokens| 1.0 / tokens as f32))
    }

    fn read_logits<'a>(
        records: &mut Records<'a>,
        shape: LayerShape,
    ) -> Option<(F16Linear<'a>, ())> {
        Some((Self::read_linear(records, shape)?, ()))
    }
}

/// An optional part without content: one byte says whether it is present.
fn read_flag(records: &mut Records<'_>, field: &'static str, expected: bool) -> Option<Option<()>> {
    Some(records.present(field, expected)?.then_some(()))
}
