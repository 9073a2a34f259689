//! Layers and normalisations of a burn module as plain numbers.

use burn::module::Param;
use burn::nn::{BatchNorm, LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::layer::{Layer, Scaling};
use crate::model::{ConvNorm, Depthwise};

/// A linear layer, which burn keeps as `[inputs, outputs]`.
pub fn linear<B: Backend>(layer: &Linear<B>) -> Layer {
    let [_, outputs] = layer.weight.dims();
    let bias = layer.bias.as_ref().map_or_else(|| vec![0.0; outputs], numbers);
    Layer { weights: transposed(&numbers(&layer.weight), outputs), bias }
}

/// A depthwise convolution.
pub fn depthwise<B: Backend>(layer: &Depthwise<B>) -> Layer {
    Layer { weights: numbers(&layer.weight), bias: numbers(&layer.bias) }
}

/// A convolution with its batch normalisation folded in.
pub fn conv_norm<B: Backend>(conv: &ConvNorm<B>) -> Layer {
    convolution(conv).fold_outputs(&batch_norm(&conv.norm))
}

/// Gain and bias of a layer normalisation.
pub fn layer_norm<B: Backend>(norm: &LayerNorm<B>) -> Scaling {
    let gain = numbers(&norm.gamma);
    let offset = norm.beta.as_ref().map_or_else(|| vec![0.0; gain.len()], numbers);
    Scaling { gain, offset }
}

/// A convolution alone: `[outputs, inputs, row, column]` becomes `[outputs, row, column, inputs]`.
pub(super) fn convolution<B: Backend>(conv: &ConvNorm<B>) -> Layer {
    let [outputs, inputs, height, width] = conv.weight.dims();
    let weights = numbers(&conv.weight);
    let rows = weights.chunks_exact(inputs * height * width);
    let weights = rows.flat_map(|row| transposed(row, height * width)).collect();
    Layer { weights, bias: vec![0.0; outputs] }
}

/// Gain and bias of a batch normalisation with its running statistics.
pub(super) fn batch_norm<B: Backend>(norm: &BatchNorm<B>) -> Scaling {
    let mean = values(norm.running_mean.value());
    let variance = values(norm.running_var.value());
    let deviation = variance.iter().map(|variance| (variance + norm.epsilon).sqrt());
    let gain: Vec<f64> =
        numbers(&norm.gamma).iter().zip(deviation).map(|(gamma, std)| gamma / std).collect();
    let means = mean.iter().zip(&gain).map(|(mean, gain)| mean * gain);
    let offset = numbers(&norm.beta).iter().zip(means).map(|(beta, mean)| beta - mean).collect();
    Scaling { gain, offset }
}

/// Transposes a matrix with rows of `columns` values.
pub(super) fn transposed(values: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

/// The values of a parameter.
pub(super) fn numbers<B: Backend, const D: usize>(param: &Param<Tensor<B, D>>) -> Vec<f64> {
    values(param.val())
}

/// The values of a tensor.
pub(super) fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
