//! The integer network: i8 activations, i16 residual stream, i32 accumulators.

use super::{Arithmetic, FromRecords, Stages, Types};
use crate::config::{Grid, VitConfig};
use crate::fixed::{ProbabilityScale, Requant, exp2_mantissa, sat8, sat16};
use crate::format::{ARITHMETIC_INT8, I16Le, I32Le, Records};
use crate::kernels::{Activation, Attention, Kernels, Norm, NormAffine, Skip};
use crate::model::{Limits, StoredLinear};
use crate::site::{Columns, SiteValues};
#[cfg(target_arch = "x86_64")]
use crate::window::Windows;

/// The integer network of `INTEGER.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int8;

/// The last layer of a class head.
#[derive(Clone, Copy, Debug)]
pub struct LogitsI8<'a> {
    weights: &'a [i8],
    bias: I32Le<'a>,
}

/// GELU after the second MLP layer: the layer's zero point, and a table by its bits.
#[derive(Clone, Copy, Debug)]
pub struct SecondGeluI8<'a> {
    zero_point: i8,
    table: I16Le<'a>,
}

const BETA: Limits = Limits::new("beta", -(1 << 29), 1 << 29);
const AFFINE_SHIFT: Limits = Limits::new("shift", 1, 24);
const PROBABILITY_SHIFT: Limits = Limits::new("shift", 10, 62);

impl Types for Int8 {
    type Act = i8;
    type Residual = i16;
    type Acc = i32;
    type Kernels = &'static Kernels;
    type Input = [i8; 3];
    type Linear<'a> = StoredLinear<'a>;
    type Activation<'a> = Activation<'a>;
    type Skip = Skip;
    type Norm<'a> = Norm;
    type LastNorm<'a> = NormAffine<'a>;
    type Attention = Attention;
    type Position<'a> = I16Le<'a>;
    type SecondGelu<'a> = SecondGeluI8<'a>;
    type Embedding = Requant;
    type Logits<'a> = LogitsI8<'a>;
    type Probability = ProbabilityScale;
}

impl FromRecords for Int8 {
    const ID: u16 = ARITHMETIC_INT8;

    fn input(_: &mut Records<'_>, _: &Self::Input) -> Option<()> {
        Some(())
    }

    fn read_linear<'a>(
        records: &mut Records<'a>,
        (n, k): (usize, usize),
    ) -> Option<StoredLinear<'a>> {
        records.linear(n, k)
    }

    fn read_activation<'a>(records: &mut Records<'a>, gelu: bool) -> Option<Activation<'a>> {
        records.activation(gelu)
    }

    fn read_skip(
        records: &mut Records<'_>,
        zero: Option<i8>,
        activation: &Activation<'_>,
    ) -> Option<Option<Skip>> {
        records.present("skip", zero.is_some())?;
        let Some(input_zero_point) = zero else { return Some(None) };
        let requant = records.requant()?;
        Some(Some(Skip { input_zero_point, requant, zero_point: activation.zero_point }))
    }

    fn read_norm(records: &mut Records<'_>, _: usize) -> Option<Norm> {
        records.norm()
    }

    fn read_attention(records: &mut Records<'_>, config: &VitConfig) -> Option<Attention> {
        records.attention(config.heads(), config.head_dim())
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
            beta: records.i32s(&BETA, dim)?,
            shift: records.u8_within(&AFFINE_SHIFT)?,
            zero_point: records.next()?,
        })
    }

    fn read_embedding(records: &mut Records<'_>, tokens: Option<usize>) -> Option<Option<Requant>> {
        if !records.present("embedding", tokens.is_some())? {
            return Some(None);
        }
        records.requant().map(Some)
    }

    fn read_logits<'a>(
        records: &mut Records<'a>,
        (n, k): (usize, usize),
    ) -> Option<(LogitsI8<'a>, ProbabilityScale)> {
        let weights = records.bytes("weights", n.saturating_mul(k))?;
        let bias = records.bias(n)?;
        let mult = records.mult()?;
        let probability = ProbabilityScale::new(mult, records.u8_within(&PROBABILITY_SHIFT)?)?;
        Some((LogitsI8 { weights: bytemuck::cast_slice(weights), bias }, probability))
    }
}

/// Queries, keys and values have zero point 0.
const SYMMETRIC: Activation<'static> = Activation { zero_point: 0, gelu: None };

impl Stages for Int8 {
    fn kernels() -> &'static Kernels {
        Kernels::best()
    }

    fn load(_: &[i8; 3], bytes: &[u8], out: &mut [i8]) {
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = (from ^ 0x80).cast_signed();
        }
    }

    fn image_pad(input: &[i8; 3]) -> [i8; 3] {
        *input
    }

    fn zero(activation: &Activation<'_>) -> i8 {
        activation.output_zero_point()
    }

    fn outputs(layer: &StoredLinear<'_>) -> usize {
        layer.outputs()
    }

    fn start(position: &I16Le<'_>, stream: &mut [i16]) {
        for (stream, position) in stream.iter_mut().zip(position.iter()) {
            *stream = position;
        }
    }

    fn linear(
        kernels: &'static Kernels,
        x: &[i8],
        layer: &StoredLinear<'_>,
        activation: &Activation<'_>,
        out: &mut [i8],
    ) {
        (kernels.linear_i8)(x, &layer.operand(), activation, out);
    }

    fn project(kernels: &'static Kernels, x: &[i8], layer: &StoredLinear<'_>, out: &mut [i8]) {
        (kernels.linear_i8)(x, &layer.operand(), &SYMMETRIC, out);
    }

    fn linear_skip(
        kernels: &'static Kernels,
        x: &[i8],
        layer: &StoredLinear<'_>,
        skip: &Skip,
        out: &mut [i8],
    ) {
        (kernels.linear_skip_i8)(x, &layer.operand(), skip, out);
    }

    fn linear_add(
        kernels: &'static Kernels,
        x: &[i8],
        layer: &StoredLinear<'_>,
        stream: &mut [i16],
    ) {
        (kernels.linear_add_i16)(x, &layer.operand(), stream);
    }

    #[cfg(target_arch = "x86_64")]
    fn conv(
        kernels: &'static Kernels,
        windows: &Windows<'_, i8>,
        layer: &StoredLinear<'_>,
        activation: &Activation<'_>,
        scratch: &mut [i8],
        out: &mut [i8],
    ) {
        let layer = layer.operand();
        if kernels.conv.is_some_and(|conv| (conv.conv_i8)(windows, &layer, activation, out)) {
            return;
        }
        // Weights may have been packed for windows, in another order than for rows of inputs.
        let layer = layer.with_packed(&[]);
        windows.each_row(scratch, out, |x, out| (kernels.linear_i8)(x, &layer, activation, out));
    }

    #[cfg(target_arch = "x86_64")]
    fn conv_add(
        kernels: &'static Kernels,
        windows: &Windows<'_, i8>,
        layer: &StoredLinear<'_>,
        scratch: &mut [i8],
        stream: &mut [i16],
    ) {
        let layer = layer.operand();
        if kernels.conv.is_some_and(|conv| (conv.conv_add_i16)(windows, &layer, stream)) {
            return;
        }
        // As above.
        let layer = layer.with_packed(&[]);
        windows.each_row(scratch, stream, |x, out| (kernels.linear_add_i16)(x, &layer, out));
    }

    fn depthwise(
        kernels: &'static Kernels,
        (x, grid, zero): (&[i8], Grid, i8),
        layer: &StoredLinear<'_>,
        activation: &Activation<'_>,
        out: &mut [i8],
    ) {
        (kernels.depthwise_i8)(x, grid, zero, &layer.operand(), activation, out);
    }

    fn norm(
        kernels: &'static Kernels,
        stream: &[i16],
        dim: usize,
        norm: &Norm,
        out: &mut [i8],
    ) -> i8 {
        (kernels.layer_norm_i8)(stream, dim, norm, out);
        norm.zero_point
    }

    fn attention(
        kernels: &'static Kernels,
        qkv: &[i8],
        attention: &Attention,
        scores: &mut [i32],
        out: &mut [i8],
    ) -> i8 {
        (kernels.attention_i8)(qkv, attention, scores, out);
        attention.zero_point
    }

    fn second_layer(
        kernels: &'static Kernels,
        x: &[i8],
        layer: &StoredLinear<'_>,
        gelu: &SecondGeluI8<'_>,
        out: &mut [i8],
    ) -> i8 {
        let activation = Activation { zero_point: gelu.zero_point, gelu: None };
        (kernels.linear_i8)(x, &layer.operand(), &activation, out);
        gelu.zero_point
    }

    fn add_gelu(x: &[i8], gelu: &SecondGeluI8<'_>, stream: &mut [i16]) {
        for (stream, q) in stream.iter_mut().zip(x) {
            let step = gelu.table.get(q.cast_unsigned().into());
            *stream = sat16(i32::from(*stream) + i32::from(step));
        }
    }

    fn last_norm(
        kernels: &'static Kernels,
        stream: &[i16],
        _: usize,
        norm: &NormAffine<'_>,
        out: &mut [i8],
    ) -> i8 {
        (kernels.layer_norm_affine_i8)(stream, norm, out);
        norm.zero_point
    }

    fn pool(kernels: &'static Kernels, x: &[i8], zero: i8, out: &mut [i32]) {
        (kernels.pool_i32)(x, zero, out);
    }

    fn embed(sums: &[i32], embedding: &Requant, out: &mut [i8]) {
        for (out, &sum) in out.iter_mut().zip(sums) {
            *out = sat8(embedding.apply(sum));
        }
    }

    fn logits_of_pool(
        kernels: &'static Kernels,
        (sums, _): (&[i32], &[i8]),
        layer: &LogitsI8<'_>,
        out: &mut [i32],
    ) {
        (kernels.logits_i32)(sums, layer.weights, layer.bias, out);
    }

    fn logits(kernels: &'static Kernels, x: &[i8], layer: &LogitsI8<'_>, out: &mut [i32]) {
        (kernels.logits_i8)(x, layer.weights, layer.bias, out);
    }

    fn weight(probability: &ProbabilityScale, highest: i32, logit: i32) -> u32 {
        let octaves = probability.apply(highest.abs_diff(logit));
        exp2_mantissa(octaves).cast_unsigned() >> (octaves >> 11)
    }

    fn show(values: &[i8], zero: i8) -> SiteValues<'_> {
        SiteValues::i8(values, zero)
    }

    fn show_columns(values: &[i8], columns: Columns) -> SiteValues<'_> {
        SiteValues::i8(values, 0).columns(columns)
    }

    fn show_stream(values: &[i16]) -> SiteValues<'_> {
        SiteValues::i16(values)
    }

    fn show_logits(values: &[i32]) -> SiteValues<'_> {
        SiteValues::i32(values)
    }
}

impl Arithmetic for Int8 {}
