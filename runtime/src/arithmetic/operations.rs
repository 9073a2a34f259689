//! One method for each operation of the forward pass. Shapes are those of
//! [`kernels::scalar`](crate::kernels::scalar) for every arithmetic.

use super::types::Types;
use crate::site::{Columns, SiteValues};
use crate::window::{Band, Windows};

/// The operations of a forward pass.
pub trait Operations: Types {
    /// The set of kernels that a parsed network starts with.
    fn kernels() -> Self::Kernels;

    /// Converts image bytes to activations. The first byte is red.
    fn load(input: &Self::Input, bytes: &[u8], out: &mut [Self::Act]);
    /// The activation that stands for zero in each colour channel.
    fn image_pad(input: &Self::Input) -> [Self::Act; 3];
    /// The activation that stands for zero after a layer.
    fn zero(activation: &Self::Activation<'_>) -> Self::Act;
    /// Number of outputs of a layer.
    fn outputs(layer: &Self::Linear<'_>) -> usize;

    /// Writes the position embedding to the residual stream.
    fn start(position: &Self::Position<'_>, stream: &mut [Self::Residual]);
    /// `out = activation(layer(x))`.
    fn linear(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Linear<'_>,
        activation: &Self::Activation<'_>,
        out: &mut [Self::Act],
    );
    /// `out = layer(x)` for queries, keys and values, where 0 stands for zero.
    fn project(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Linear<'_>,
        out: &mut [Self::Act],
    );
    /// `out = out + layer(x)`, for activations.
    fn linear_skip(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Linear<'_>,
        skip: &Self::Skip,
        out: &mut [Self::Act],
    );
    /// `stream = stream + layer(x)`.
    fn linear_add(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Linear<'_>,
        stream: &mut [Self::Residual],
    );
    /// `out = activation(layer(windows))`; `scratch` has room for a window or more.
    fn conv(
        kernels: Self::Kernels,
        windows: &Windows<'_, Self::Act>,
        layer: &Self::Linear<'_>,
        activation: &Self::Activation<'_>,
        scratch: &mut [Self::Act],
        out: &mut [Self::Act],
    ) {
        windows.each(scratch, out.len(), &mut |x, positions| {
            Self::linear(kernels, x, layer, activation, windows.places(out, positions));
        });
    }
    /// `stream = stream + layer(windows)`, as [`Self::conv`].
    fn conv_add(
        kernels: Self::Kernels,
        windows: &Windows<'_, Self::Act>,
        layer: &Self::Linear<'_>,
        scratch: &mut [Self::Act],
        stream: &mut [Self::Residual],
    ) {
        windows.each(scratch, stream.len(), &mut |x, positions| {
            Self::linear_add(kernels, x, layer, windows.places(stream, positions));
        });
    }
    /// `out = activation(depthwise3×3(x))` for the rows of a band; `zero` is read outside its grid.
    fn depthwise(
        kernels: Self::Kernels,
        x: &[Self::Act],
        band: &Band,
        zero: Self::Act,
        layer: &Self::Linear<'_>,
        activation: &Self::Activation<'_>,
        out: &mut [Self::Act],
    );
    /// `out = norm(stream)` in a block; returns the activation that stands for zero.
    fn norm(
        kernels: Self::Kernels,
        stream: &[Self::Residual],
        dim: usize,
        norm: &Self::Norm<'_>,
        out: &mut [Self::Act],
    ) -> Self::Act;
    /// Attention of all heads. The outputs replace the queries. Returns the activation that stands for
    /// zero.
    fn attention(
        kernels: Self::Kernels,
        qkv: &mut [Self::Act],
        attention: &Self::Attention,
        scores: &mut [Self::Acc],
    ) -> Self::Act;
    /// `out = layer(x)` where a second GELU follows; returns the activation that stands for zero.
    fn second_layer(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Linear<'_>,
        gelu: &Self::SecondGelu<'_>,
        out: &mut [Self::Act],
    ) -> Self::Act;
    /// `stream = stream + gelu(x)`.
    fn add_gelu(x: &[Self::Act], gelu: &Self::SecondGelu<'_>, stream: &mut [Self::Residual]);
    /// The last normalisation; returns the activation that stands for zero.
    fn last_norm(
        kernels: Self::Kernels,
        stream: &[Self::Residual],
        dim: usize,
        norm: &Self::LastNorm<'_>,
        out: &mut [Self::Act],
    ) -> Self::Act;
    /// Sums of the tokens, channel by channel, after `zero` is subtracted from each value.
    fn pool(kernels: Self::Kernels, x: &[Self::Act], zero: Self::Act, out: &mut [Self::Acc]);
    /// From pooled sums to the embedding, where 0 stands for zero.
    fn embed(sums: &[Self::Acc], embedding: &Self::Embedding, out: &mut [Self::Act]);
    /// The last layer over a mean pool. Int8 reads the exact sums, f16 the embedding.
    fn logits_of_pool(
        kernels: Self::Kernels,
        sums: &[Self::Acc],
        embedding: &[Self::Act],
        layer: &Self::Logits<'_>,
        out: &mut [Self::Acc],
    );
    /// The last layer over activations.
    fn logits(
        kernels: Self::Kernels,
        x: &[Self::Act],
        layer: &Self::Logits<'_>,
        out: &mut [Self::Acc],
    );
    /// The int8 weights `[classes, inputs]` of the last layer; none in another arithmetic.
    fn class_weights<'m>(_layer: &'m Self::Logits<'_>) -> &'m [i8] {
        &[]
    }
    /// `exp(logit − highest)` in units of `1 / 32_640`: the weight of a logit in the softmax.
    fn weight(probability: &Self::Probability, highest: Self::Acc, logit: Self::Acc) -> u32;

    /// Activations, as an observer sees them.
    fn show(values: &[Self::Act], zero: Self::Act) -> SiteValues<'_>;
    /// Some columns of rows of activations.
    fn show_columns(values: &[Self::Act], columns: Columns) -> SiteValues<'_>;
    /// The residual stream.
    fn show_stream(values: &[Self::Residual]) -> SiteValues<'_>;
    /// Logits.
    fn show_logits(values: &[Self::Acc]) -> SiteValues<'_>;
}
