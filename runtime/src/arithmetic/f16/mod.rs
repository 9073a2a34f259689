//! The network with f16 weights and f32 activations.
//!
//! Elementary functions come from `libm` on every target, and sums have a fixed order, so that
//! results do not depend on the platform's mathematics library.
#![expect(clippy::float_arithmetic, reason = "the one arithmetic of the runtime with floats")]

mod kernels;
mod layer;
mod read;

use super::operations::Operations;
use super::types::Types;
use crate::format::{F16Le, PixelRecord};
use crate::rows::rows;
use crate::site::{Columns, SiteValues};
use crate::window::Band;
use kernels::{accumulate, attend, depthwise, gelu, normalise};
use layer::{F16Activation, F16Attention, F16Linear, F16Norm};

/// f16 weights, f32 activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct F16;

impl Types for F16 {
    type Act = f32;
    type Residual = f32;
    type Acc = f32;
    type Kernels = ();
    type Input = PixelRecord;
    type Linear<'a> = F16Linear<'a>;
    type Activation<'a> = F16Activation;
    type Skip = ();
    type Norm<'a> = F16Norm<'a>;
    type LastNorm<'a> = F16Norm<'a>;
    type Attention = F16Attention;
    type Position<'a> = F16Le<'a>;
    type SecondGelu<'a> = ();
    /// `1 / tokens`.
    type Embedding = f32;
    type Logits<'a> = F16Linear<'a>;
    type Probability = ();
}

impl Operations for F16 {
    fn kernels() {}

    fn load(input: &PixelRecord, bytes: &[u8], out: &mut [f32]) {
        let channels = input.mean.iter().zip(&input.std).cycle();
        for ((to, &from), (mean, std)) in out.iter_mut().zip(bytes).zip(channels) {
            *to = (f32::from(from) / 255.0 - mean) / std;
        }
    }

    fn image_pad(_: &PixelRecord) -> [f32; 3] {
        [0.0; 3]
    }

    fn zero(_: &F16Activation) -> f32 {
        0.0
    }

    fn outputs(layer: &F16Linear<'_>) -> usize {
        layer.bias.iter().len()
    }

    fn start(position: &F16Le<'_>, stream: &mut [f32]) {
        for (stream, position) in stream.iter_mut().zip(position.iter()) {
            *stream = position;
        }
    }

    fn linear(
        (): (),
        x: &[f32],
        layer: &F16Linear<'_>,
        activation: &F16Activation,
        out: &mut [f32],
    ) {
        out.fill(0.0);
        accumulate(x, layer, out);
        activate(activation, out);
    }

    fn project((): (), x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
        out.fill(0.0);
        accumulate(x, layer, out);
    }

    fn linear_skip((): (), x: &[f32], layer: &F16Linear<'_>, (): &(), out: &mut [f32]) {
        accumulate(x, layer, out);
    }

    fn linear_add((): (), x: &[f32], layer: &F16Linear<'_>, stream: &mut [f32]) {
        accumulate(x, layer, stream);
    }

    fn depthwise(
        (): (),
        x: &[f32],
        band: &Band,
        _: f32,
        layer: &F16Linear<'_>,
        activation: &F16Activation,
        out: &mut [f32],
    ) {
        depthwise(x, band, layer, out);
        activate(activation, out);
    }

    fn norm((): (), stream: &[f32], dim: usize, norm: &F16Norm<'_>, out: &mut [f32]) -> f32 {
        normalise(stream, dim, norm, out);
        0.0
    }

    fn attention((): (), qkv: &mut [f32], attention: &F16Attention, scores: &mut [f32]) -> f32 {
        attend(qkv, attention, scores);
        0.0
    }

    fn second_layer((): (), x: &[f32], layer: &F16Linear<'_>, (): &(), out: &mut [f32]) -> f32 {
        out.fill(0.0);
        accumulate(x, layer, out);
        0.0
    }

    fn add_gelu(x: &[f32], (): &(), stream: &mut [f32]) {
        for (stream, &x) in stream.iter_mut().zip(x) {
            *stream += gelu(x);
        }
    }

    fn last_norm((): (), stream: &[f32], dim: usize, norm: &F16Norm<'_>, out: &mut [f32]) -> f32 {
        normalise(stream, dim, norm, out);
        0.0
    }

    fn pool((): (), x: &[f32], _: f32, out: &mut [f32]) {
        out.fill(0.0);
        for x in rows(x, out.len()) {
            for (out, &x) in out.iter_mut().zip(x) {
                *out += x;
            }
        }
    }

    fn embed(sums: &[f32], share: &f32, out: &mut [f32]) {
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum * share;
        }
    }

    fn logits_of_pool(
        (): (),
        _: &[f32],
        embedding: &[f32],
        layer: &F16Linear<'_>,
        out: &mut [f32],
    ) {
        Self::logits((), embedding, layer, out);
    }

    fn logits((): (), x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
        out.fill(0.0);
        accumulate(x, layer, out);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the exponential is 0 to 1, or NaN, which the cast turns into 0"
    )]
    fn weight((): &(), highest: f32, logit: f32) -> u32 {
        (32_640.0 * libm::expf(logit - highest)) as u32
    }

    fn show(values: &[f32], _: f32) -> SiteValues<'_> {
        SiteValues::f32(values)
    }

    fn show_columns(values: &[f32], columns: Columns) -> SiteValues<'_> {
        SiteValues::f32(values).columns(columns)
    }

    fn show_stream(values: &[f32]) -> SiteValues<'_> {
        SiteValues::f32(values)
    }

    fn show_logits(values: &[f32]) -> SiteValues<'_> {
        SiteValues::f32(values)
    }
}

fn activate(activation: &F16Activation, values: &mut [f32]) {
    if activation.gelu {
        for value in values {
            *value = gelu(*value);
        }
    }
}
