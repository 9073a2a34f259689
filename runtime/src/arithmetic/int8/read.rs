//! Reads the parts of records that an int8 blob stores in its own way.

use super::{Int8, LogitsI8, SecondGeluI8, StoredLinear};
use crate::arithmetic::read::FromRecords;
use crate::arithmetic::types::LayerShape;
use crate::config::VitConfig;
use crate::fixed::{Octaves, ProbabilityScale, Requant};
use crate::format::{ARITHMETIC_INT8, I16Le, Limits, Records};
use crate::kernels::{Activation, Attention, Norm, NormAffine, Skip};

impl FromRecords for Int8 {
    const ID: u16 = ARITHMETIC_INT8;

    fn input(_: &mut Records<'_>, _: &Self::Input) -> Option<()> {
        Some(())
    }

    fn read_linear<'a>(records: &mut Records<'a>, shape: LayerShape) -> Option<StoredLinear<'a>> {
        linear(records, shape)
    }

    fn read_activation<'a>(records: &mut Records<'a>, gelu: bool) -> Option<Activation<'a>> {
        activation(records, gelu)
    }

    fn read_skip(
        records: &mut Records<'_>,
        zero: Option<i8>,
        activation: &Activation<'_>,
    ) -> Option<Option<Skip>> {
        records.present("skip", zero.is_some())?;
        let Some(input_zero_point) = zero else { return Some(None) };
        let requant = requant(records)?;
        Some(Some(Skip { input_zero_point, requant, zero_point: activation.zero_point }))
    }

    fn read_norm(records: &mut Records<'_>, _: usize) -> Option<Norm> {
        norm(records)
    }

    fn read_attention(records: &mut Records<'_>, config: &VitConfig) -> Option<Attention> {
        attention(records, config)
    }

    fn read_second_gelu<'a>(
        records: &mut Records<'a>,
        expected: bool,
    ) -> Option<Option<SecondGeluI8<'a>>> {
        if !records.present("mlp2_gelu", expected)? {
            return Some(None);
        }
        let zero_point = records.next()?;
        Some(Some(SecondGeluI8 { zero_point, table: records.i16s("gelu table", 256)? }))
    }

    fn read_position<'a>(records: &mut Records<'a>, len: usize) -> Option<I16Le<'a>> {
        records.i16s("position", len)
    }

    fn read_last_norm<'a>(records: &mut Records<'a>, dim: usize) -> Option<NormAffine<'a>> {
        Some(NormAffine {
            eps: records.eps()?,
            gamma: records.i16s("gamma", dim)?,
            beta: records.i32s(&Limits::BETA, dim)?,
            shift: records.u8_within(&Limits::AFFINE_SHIFT)?,
            zero_point: records.next()?,
        })
    }

    fn read_embedding(records: &mut Records<'_>, tokens: Option<usize>) -> Option<Option<Requant>> {
        if !records.present("embedding", tokens.is_some())? {
            return Some(None);
        }
        requant(records).map(Some)
    }

    fn read_logits<'a>(
        records: &mut Records<'a>,
        shape: LayerShape,
    ) -> Option<(LogitsI8<'a>, ProbabilityScale)> {
        let weights = records.bytes("weights", shape.weights())?;
        let bias = records.bias(shape.outputs)?;
        let mult = records.mult()?;
        let probability =
            ProbabilityScale::new(mult, records.u8_within(&Limits::PROBABILITY_SHIFT)?)?;
        Some((LogitsI8 { weights: bytemuck::cast_slice(weights), bias }, probability))
    }
}

/// A layer.
#[inline(never)]
fn linear<'a>(records: &mut Records<'a>, shape: LayerShape) -> Option<StoredLinear<'a>> {
    let n = shape.outputs;
    let from = records.rest();
    let weights = records.bytes("weights", shape.weights())?.len();
    let tensors = from.get(from.len().checked_sub(records.rest().len() + weights)?..)?;
    let after_weights = records.rest().len();
    let bias = records.bias(n)?.len() * size_of::<i32>();
    let after_bias = records.rest().len();
    let mult = records.i32s(&Limits::MULT, n)?.len() * size_of::<i32>();
    let after_mult = records.rest().len();
    let shift = records.bytes("shift", n)?;
    for &shift in shift {
        records.within(&Limits::SHIFT, shift.into())?;
    }
    // The lengths of the byte strings lie between the tensors. A varint can be longer than needed.
    let gaps = [
        after_weights.checked_sub(after_bias + bias)?,
        after_bias.checked_sub(after_mult + mult)?,
        after_mult.checked_sub(records.rest().len() + n)?,
    ];
    let layer = StoredLinear::new(tensors, shape, gaps)?;
    #[cfg(upper_word)]
    let layer = layer.with_fast(crate::fixed::are_fast(shift));
    Some(layer)
}

/// Zero points and GELU after a layer.
#[inline(never)]
fn activation<'a>(records: &mut Records<'a>, gelu: bool) -> Option<Activation<'a>> {
    let zero_point = records.next()?;
    if !records.present("gelu", gelu)? {
        return Some(Activation { zero_point, gelu: None });
    }
    let table = <&[u8; 256]>::try_from(records.bytes("gelu table", 256)?).ok()?;
    Some(Activation { zero_point, gelu: Some((bytemuck::cast_ref(table), records.next()?)) })
}

/// A block's normalisation.
#[inline(never)]
fn norm(records: &mut Records<'_>) -> Option<Norm> {
    Some(Norm {
        eps: records.eps()?,
        mult: records.mult()?,
        shift: records.u8_within(&Limits::NORM_SHIFT)?,
        zero_point: records.next()?,
    })
}

/// Softmax, and rescale of the weighted values.
#[inline(never)]
fn attention(records: &mut Records<'_>, config: &VitConfig) -> Option<Attention> {
    Some(Attention {
        heads: config.heads(),
        head_dim: config.head_dim(),
        octaves: Octaves::new(records.u32_within(&Limits::SCORES)?)?,
        mult: records.mult()?,
        shift: records.u8_within(&Limits::CONTEXT_SHIFT)?,
        zero_point: records.next()?,
    })
}

/// A rescale.
#[inline(never)]
fn requant(records: &mut Records<'_>) -> Option<Requant> {
    let mult = records.mult()?.cast_signed();
    Requant::new(mult, records.u8_within(&Limits::SHIFT)?)
}
