//! The integer network: i8 activations, i16 residual stream, i32 accumulators.

mod layer;
mod read;

pub(crate) use layer::StoredLinear;

use super::operations::Operations;
use super::types::Types;
use crate::fixed::{ProbabilityScale, Requant, exp2_mantissa};
use crate::format::{I16Le, I32Le};
use crate::kernels::{Activation, Attention, Kernels, Norm, NormAffine, Skip, sat8, sat16};
use crate::site::{Columns, SiteValues};
use crate::window::Band;
#[cfg(vector_target)]
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

/// GELU after the second MLP layer: the zero point of the layer's i8 output, and a table with one entry
/// for each of its 256 values.
#[derive(Clone, Copy, Debug)]
pub struct SecondGeluI8<'a> {
    zero_point: i8,
    table: I16Le<'a>,
}

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

/// How queries, keys and values are stored: zero point 0, no GELU.
const SYMMETRIC: Activation<'static> = Activation { zero_point: 0, gelu: None };

impl Operations for Int8 {
    fn kernels() -> &'static Kernels {
        Kernels::best()
    }

    fn load(_: &[i8; 3], bytes: &[u8], out: &mut [i8]) {
        for (to, from) in out.iter_mut().zip(bytes) {
            // `u8 − 128`.
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

    #[cfg(vector_target)]
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
        // `linear_i8` must not read weights that are packed for windows: their order is different.
        #[cfg(target_arch = "x86_64")]
        let layer = layer.with_packed(&[]);
        windows.each(scratch, out.len(), &mut |x, positions| {
            (kernels.linear_i8)(x, &layer, activation, windows.places(out, positions));
        });
    }

    #[cfg(vector_target)]
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
        // Without packed weights, as in `conv`.
        #[cfg(target_arch = "x86_64")]
        let layer = layer.with_packed(&[]);
        windows.each(scratch, stream.len(), &mut |x, positions| {
            (kernels.linear_add_i16)(x, &layer, windows.places(stream, positions));
        });
    }

    fn depthwise(
        kernels: &'static Kernels,
        x: &[i8],
        band: &Band,
        zero: i8,
        layer: &StoredLinear<'_>,
        activation: &Activation<'_>,
        out: &mut [i8],
    ) {
        (kernels.depthwise_i8)(x, band, zero, &layer.operand(), activation, out);
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
        qkv: &mut [i8],
        attention: &Attention,
        scores: &mut [i32],
    ) -> i8 {
        (kernels.attention_i8)(qkv, attention, scores);
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
        sums: &[i32],
        _: &[i8],
        layer: &LogitsI8<'_>,
        out: &mut [i32],
    ) {
        (kernels.logits_i32)(sums, layer.weights, layer.bias, out);
    }

    fn logits(kernels: &'static Kernels, x: &[i8], layer: &LogitsI8<'_>, out: &mut [i32]) {
        (kernels.logits_i8)(x, layer.weights, layer.bias, out);
    }

    fn class_weights<'m>(layer: &'m LogitsI8<'_>) -> &'m [i8] {
        layer.weights
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
