//! What each operation of the model means, in burn's own operations: the definition that faster
//! forms are tested against.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, activation, module};

use super::Window;
use super::attention::{Exponentials, LARGEST_EXPONENTIAL};

/// `x·Φ(x)` with the exact error function.
pub fn gelu<B: Backend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    activation::gelu(x)
}

/// `x·W + b` over the last axis: `[batch, positions, inputs]` to `[batch, positions, outputs]`.
pub fn linear<B: Backend>(x: Tensor<B, 3>, layer: &Linear<B>) -> Tensor<B, 3> {
    layer.forward(x)
}

/// Normalises each position over its channels.
pub fn layer_norm<B: Backend>(x: Tensor<B, 3>, norm: &LayerNorm<B>) -> Tensor<B, 3> {
    norm.forward(x)
}

/// Normalises each channel over batch and positions. Returns the result with the mean and the
/// biased variance that were used, `[channels]` each, detached.
pub fn batch_norm<B: Backend>(
    x: Tensor<B, 3>,
    gamma: Tensor<B, 1>,
    beta: Tensor<B, 1>,
    epsilon: f64,
) -> (Tensor<B, 3>, Tensor<B, 1>, Tensor<B, 1>) {
    let [batch, positions, channels] = x.dims();
    let rows = x.reshape([batch * positions, channels]);
    let mean = rows.clone().mean_dim(0); // [1, channels]
    let centred = rows - mean.clone();
    let variance = centred.clone().square().mean_dim(0);
    let normed = centred / variance.clone().add_scalar(epsilon).sqrt();
    let y = normed * gamma.unsqueeze() + beta.unsqueeze();
    let statistics = [mean, variance].map(|value| value.detach().squeeze_dim(0));
    let [mean, variance] = statistics;
    (y.reshape([batch, positions, channels]), mean, variance)
}

/// Convolves the grid with `weight [outputs, inputs, 3, 3]`, padding 1, no bias:
/// `[batch, height · width, inputs]` to `[batch, height' · width', outputs]`.
pub fn conv3x3<B: Backend>(x: Tensor<B, 3>, weight: Tensor<B, 4>, window: Window) -> Tensor<B, 3> {
    convolve(x, weight, None, window, 1)
}

/// Convolves each channel of the grid with its own `weight [channels, 1, 3, 3]`, padding 1,
/// stride 1, and adds `bias [channels]`.
pub fn depthwise3x3<B: Backend>(
    x: Tensor<B, 3>,
    weight: Tensor<B, 4>,
    bias: Option<Tensor<B, 1>>,
    sides: [usize; 2],
) -> Tensor<B, 3> {
    let [channels, ..] = weight.dims();
    convolve(x, weight, bias, Window { input: sides, stride: 1 }, channels)
}

/// `softmax(Q·Kᵀ / √head_dim)·V` for each head on its own; all of shape
/// `[batch, tokens, heads · head_dim]`, the channels of one head being neighbours.
pub fn attention<B: Backend>(
    query: Tensor<B, 3>,
    key: Tensor<B, 3>,
    value: Tensor<B, 3>,
    heads: usize,
    exponentials: Exponentials,
) -> Tensor<B, 3> {
    let [batch, tokens, width] = query.dims();
    let head_dim = width / heads;
    let split = |x: Tensor<B, 3>| x.reshape([batch, tokens, heads, head_dim]).swap_dims(1, 2);
    let scale = (head_dim as f64).sqrt().recip();
    let scores = split(query).matmul(split(key).swap_dims(2, 3)) * scale;
    let probs = match exponentials {
        Exponentials::Exact => activation::softmax(scores, 3),
        Exponentials::EightBits => {
            let e = (scores.clone() - scores.max_dim(3).detach()).exp() * LARGEST_EXPONENTIAL;
            let e = e.clone() + (e.clone().round() - e).detach();
            e.clone() / e.sum_dim(3)
        }
    }; // [batch, heads, tokens, tokens]
    probs.matmul(split(value)).swap_dims(1, 2).reshape([batch, tokens, width])
}

fn convolve<B: Backend>(
    x: Tensor<B, 3>,
    weight: Tensor<B, 4>,
    bias: Option<Tensor<B, 1>>,
    window: Window,
    groups: usize,
) -> Tensor<B, 3> {
    let [batch, _, channels] = x.dims();
    let [height, width] = window.input;
    let images = x.reshape([batch, height, width, channels]).permute([0, 3, 1, 2]);
    let options = ConvOptions::new([window.stride; 2], [1, 1], [1, 1], groups);
    let y = module::conv2d(images, weight, bias, options); // [batch, outputs, height', width']
    let [batch, outputs, height, width] = y.dims();
    y.permute([0, 2, 3, 1]).reshape([batch, height * width, outputs])
}
