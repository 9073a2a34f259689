//! The definition of each operation of the model in burn's own operations. The fused forms are tested
//! against it.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData, activation, module};
use runtime::fixed::MAX_ATTENTION_OCTAVES;

use crate::attention::{Exponentials, OCTAVES, RECIPROCAL};
use crate::layers::{AttentionLayers, MlpLayers};
use crate::residual::Factors;
use crate::window::Window;

/// `x·Φ(x)` with the exact error function.
pub fn gelu<B: Backend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    activation::gelu(x)
}

/// `x·W + b` over the last axis: `[batch, positions, inputs]` to `[batch, positions, outputs]`.
pub fn linear<B: Backend>(x: Tensor<B, 3>, layer: &Linear<B>) -> Tensor<B, 3> {
    layer.forward(x)
}

/// Normalises each position over its channels; `epsilon` is added to variances.
pub fn layer_norm<B: Backend>(x: Tensor<B, 3>, norm: &LayerNorm<B>, epsilon: f64) -> Tensor<B, 3> {
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let normed = centred / variance.add_scalar(epsilon).sqrt();
    let y = normed * norm.gamma.val().unsqueeze();
    norm.beta.as_ref().map_or_else(|| y.clone(), |beta| y.clone() + beta.val().unsqueeze())
}

/// Normalises each channel over batch and positions. Returns the result with the mean and the biased
/// variance that were used, `[channels]` each, detached. If `then_gelu`, GELU follows.
pub fn batch_norm<B: Backend>(
    x: Tensor<B, 3>,
    gamma: Tensor<B, 1>,
    beta: Tensor<B, 1>,
    epsilon: f64,
    then_gelu: bool,
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
    let y = y.reshape([batch, positions, channels]);
    (if then_gelu { gelu(y) } else { y }, mean, variance)
}

/// Convolves each position with `weight [outputs, inputs, 1, 1]`, no bias.
pub fn pointwise<B: Backend>(x: Tensor<B, 3>, weight: Tensor<B, 4>) -> Tensor<B, 3> {
    let [outputs, inputs, ..] = weight.dims();
    x.matmul(weight.reshape([1, outputs, inputs]).swap_dims(1, 2))
}

/// `[batch, channels, height, width]` to `[batch, height · width, channels]`.
pub fn channels_last<B: Backend>(images: Tensor<B, 4>) -> Tensor<B, 3> {
    let [batch, channels, height, width] = images.dims();
    images.permute([0, 2, 3, 1]).reshape([batch, height * width, channels])
}

/// Adds `values [positions, channels]` to each image.
pub fn add_to_images<B: Backend>(x: Tensor<B, 3>, values: Tensor<B, 2>) -> Tensor<B, 3> {
    x + values.unsqueeze()
}

/// Means over positions, `[batch, 1, channels]`.
pub fn mean_positions<B: Backend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    x.mean_dim(1)
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
        Exponentials::EightBits { step } => {
            let probs = activation::softmax(scores.clone(), 3);
            let stored = stored_probabilities(scores.detach(), f64::from(step) * scale);
            probs.clone() + (stored - probs).detach()
        }
    }; // [batch, heads, tokens, tokens]
    probs.matmul(split(value)).swap_dims(1, 2).reshape([batch, tokens, width])
}

/// `x + factor·output(attention(query(n), key(n), value(n)))` with `n = norm(x)` and a factor for
/// each image.
pub fn attention_branch<B: Backend>(
    x: Tensor<B, 3>,
    layers: &AttentionLayers<'_, B>,
    factors: &Factors,
) -> Tensor<B, 3> {
    let normed = layer_norm(x.clone(), layers.norm, layers.epsilon);
    let [query, key, value] =
        [layers.query, layers.key, layers.value].map(|layer| linear(normed.clone(), layer));
    let context = attention(query, key, value, layers.heads, Exponentials::Exact);
    x + scale(linear(context, layers.output), factors)
}

/// `x + factor·linear2(gelu(h + depthwise(h)))` with `h = linear1(norm(x))` and a factor for each image;
/// GELU once more after the second layer if the network has a second GELU.
pub fn mlp_branch<B: Backend>(
    x: Tensor<B, 3>,
    layers: &MlpLayers<'_, B>,
    factors: &Factors,
) -> Tensor<B, 3> {
    let mut h = linear(layer_norm(x.clone(), layers.norm, layers.epsilon), layers.linear1);
    if let Some((weight, bias, sides)) = layers.depthwise.clone() {
        h = h.clone() + depthwise3x3(h, weight, Some(bias), sides);
    }
    let y = linear(gelu(h), layers.linear2);
    let y = if layers.second_gelu { gelu(y) } else { y };
    x + scale(y, factors)
}

/// Each image times its factor.
fn scale<B: Backend>(x: Tensor<B, 3>, factors: &Factors) -> Tensor<B, 3> {
    let Factors(Some(factors)) = factors else { return x };
    let shape = [factors.len(), 1, 1];
    let factors = Tensor::from_data(TensorData::new(factors.clone(), shape), &x.device());
    x * factors
}

/// Probabilities as the integer kernels compute them from rows of scores with steps of `step` (`exp2_neg`
/// in the runtime's `INTEGER.md`). Because of the float arithmetic, a few exponentials differ by one.
fn stored_probabilities<B: Backend>(scores: Tensor<B, 4>, step: f64) -> Tensor<B, 4> {
    let distance = ((scores.clone().max_dim(3) - scores) / step).round();
    let octaves = (distance * (step * OCTAVES)).floor().clamp_max(MAX_ATTENTION_OCTAVES as f32);
    let whole = (octaves.clone() / 2048.0).floor();
    let fraction = (octaves - whole.clone() * 2048.0) * 16.0;
    let high = |product: Tensor<B, 4>| (product / 32_768.0 + 0.5).floor();
    let mantissa = high(fraction.clone() * -1_327.0) + 7_592.0;
    let mantissa = high(mantissa * fraction.clone()) - 22_588.0;
    let mantissa = high(mantissa * fraction) + 32_640.0;
    let power = (whole * -std::f64::consts::LN_2).exp() * 256.0;
    let e = high(mantissa * power.round());
    let reciprocal = (e.clone().sum_dim(3).recip() * RECIPROCAL).floor() / RECIPROCAL;
    e * reciprocal
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
