//! The network with f16 weights and f32 activations.
//!
//! `F16.md` defines every bit; the loops are in [`kernels::f16`](crate::kernels::f16).
#![expect(clippy::float_arithmetic, reason = "the one arithmetic of the runtime with floats")]

mod read;

use super::operations::Operations;
use super::types::Types;
use crate::format::{F16Le, PixelRecord};
use crate::kernels::f16::functions::{self, LOG2_E, exp2};
use crate::kernels::f16::{F16Attention, F16Kernels, F16Linear, F16Norm};
use crate::rows::rows;
use crate::site::{Columns, SiteValues};
use crate::window::Band;

/// f16 weights, f32 activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct F16;

/// Whether GELU follows a layer.
#[derive(Clone, Copy, Debug)]
pub struct F16Activation {
    gelu: bool,
}

impl Types for F16 {
    type Act = f32;
    type Residual = f32;
    type Acc = f32;
    type Kernels = &'static F16Kernels;
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
    fn kernels() -> &'static F16Kernels {
        F16Kernels::best()
    }

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
        layer.outputs()
    }

    fn start(position: &F16Le<'_>, stream: &mut [f32]) {
        for (stream, position) in stream.iter_mut().zip(position.iter()) {
            *stream = position;
        }
    }

    fn linear(
        kernels: &'static F16Kernels,
        x: &[f32],
        layer: &F16Linear<'_>,
        activation: &F16Activation,
        out: &mut [f32],
    ) {
        (kernels.linear)(x, layer, out);
        activation.apply(kernels, out);
    }

    fn project(kernels: &'static F16Kernels, x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
        (kernels.linear)(x, layer, out);
    }

    fn linear_skip(
        kernels: &'static F16Kernels,
        x: &[f32],
        layer: &F16Linear<'_>,
        (): &(),
        out: &mut [f32],
    ) {
        (kernels.linear_add)(x, layer, out);
    }

    fn linear_add(
        kernels: &'static F16Kernels,
        x: &[f32],
        layer: &F16Linear<'_>,
        stream: &mut [f32],
    ) {
        (kernels.linear_add)(x, layer, stream);
    }

    fn depthwise(
        kernels: &'static F16Kernels,
        x: &[f32],
        band: &Band,
        _: f32,
        layer: &F16Linear<'_>,
        activation: &F16Activation,
        out: &mut [f32],
    ) {
        (kernels.depthwise)(x, band, layer, out);
        activation.apply(kernels, out);
    }

    fn norm(
        kernels: &'static F16Kernels,
        stream: &[f32],
        _: usize,
        norm: &F16Norm<'_>,
        out: &mut [f32],
    ) -> f32 {
        (kernels.norm)(stream, norm, out);
        0.0
    }

    fn attention(
        kernels: &'static F16Kernels,
        qkv: &mut [f32],
        attention: &F16Attention,
        scores: &mut [f32],
    ) -> f32 {
        (kernels.attention)(qkv, attention, scores);
        0.0
    }

    fn second_layer(
        kernels: &'static F16Kernels,
        x: &[f32],
        layer: &F16Linear<'_>,
        (): &(),
        out: &mut [f32],
    ) -> f32 {
        (kernels.linear)(x, layer, out);
        0.0
    }

    fn add_gelu(x: &[f32], (): &(), stream: &mut [f32]) {
        for (stream, &x) in stream.iter_mut().zip(x) {
            *stream += functions::gelu(x);
        }
    }

    fn last_norm(
        kernels: &'static F16Kernels,
        stream: &[f32],
        _: usize,
        norm: &F16Norm<'_>,
        out: &mut [f32],
    ) -> f32 {
        (kernels.norm)(stream, norm, out);
        0.0
    }

    fn pool(_: &'static F16Kernels, x: &[f32], _: f32, out: &mut [f32]) {
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
        kernels: &'static F16Kernels,
        _: &[f32],
        embedding: &[f32],
        layer: &F16Linear<'_>,
        out: &mut [f32],
    ) {
        (kernels.linear)(embedding, layer, out);
    }

    fn logits(kernels: &'static F16Kernels, x: &[f32], layer: &F16Linear<'_>, out: &mut [f32]) {
        (kernels.linear)(x, layer, out);
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the power is 0 to 1"
    )]
    fn weight((): &(), highest: f32, logit: f32) -> u32 {
        (32_640.0 * exp2((logit - highest) * LOG2_E)) as u32
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

impl F16Activation {
    fn apply(self, kernels: &F16Kernels, values: &mut [f32]) {
        if self.gelu {
            (kernels.gelu)(values);
        }
    }
}
