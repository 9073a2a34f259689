//! The residual branches of a transformer block, each as one operation.

use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::attention::{Attention, Exponentials};
use crate::attention_branch::AttentionBranch;
use crate::backend::{VitBackend, apply, primitive};
use crate::compose;
use crate::depthwise::Depthwise3x3;
use crate::layer_norm::NormRows;
use crate::layers::{AttentionLayers, MlpLayers};
use crate::mlp_branch::MlpBranch;
use crate::residual::Factors;

/// See [`compose::attention_branch`].
pub fn attention_branch<B: VitBackend>(
    x: Tensor<B, 3>,
    layers: &AttentionLayers<'_, B>,
    factors: Factors,
) -> Tensor<B, 3> {
    let (Some(norm), Some(query), Some(key), Some(value), Some(output), false) = (
        norm_values(layers.norm),
        layer_values(layers.query),
        layer_values(layers.key),
        layer_values(layers.value),
        layer_values(layers.output),
        B::COMPOSED,
    ) else {
        return compose::attention_branch(x, layers, &factors);
    };
    let dims = x.dims();
    let [_, width] = layers.query.weight.dims();
    let attention = Attention {
        tokens: dims[1],
        heads: layers.heads,
        head_dim: width / layers.heads,
        exponentials: Exponentials::Exact,
    };
    let norm_op = NormRows { channels: dims[2], epsilon: layers.epsilon as f32 };
    let op = AttentionBranch { norm: norm_op, attention, factors };
    let ([gamma, beta], [query, query_bias], [key, key_bias]) = (norm, query, key);
    let ([value, value_bias], [output, output_bias]) = (value, output);
    let operands = [
        primitive(x),
        gamma,
        beta,
        query,
        query_bias,
        key,
        key_bias,
        value,
        value_bias,
        output,
        output_bias,
    ];
    apply(op, operands, dims)
}

/// See [`compose::mlp_branch`].
pub fn mlp_branch<B: VitBackend>(
    x: Tensor<B, 3>,
    layers: &MlpLayers<'_, B>,
    factors: Factors,
) -> Tensor<B, 3> {
    let (Some(norm), Some(linear1), Some(linear2), false) = (
        norm_values(layers.norm),
        layer_values(layers.linear1),
        layer_values(layers.linear2),
        B::COMPOSED,
    ) else {
        return compose::mlp_branch(x, layers, &factors);
    };
    let (dims, device) = (x.dims(), x.device());
    let [_, hidden] = layers.linear1.weight.dims();
    let nothing = || primitive(Tensor::<B, 1>::zeros([1], &device));
    let (depthwise, filter, filter_bias) = match layers.depthwise.clone() {
        Some((weight, bias, sides)) => {
            let op = Depthwise3x3 { sides, channels: hidden };
            (Some(op), primitive(weight), primitive(bias))
        }
        None => (None, nothing(), nothing()),
    };
    let op = MlpBranch {
        tokens: dims[1],
        norm: NormRows { channels: dims[2], epsilon: layers.epsilon as f32 },
        depthwise,
        second_gelu: layers.second_gelu,
        factors,
    };
    let ([gamma, beta], [weight1, bias1], [weight2, bias2]) = (norm, linear1, linear2);
    let operands = [primitive(x), gamma, beta, weight1, bias1, weight2, bias2, filter, filter_bias];
    apply(op, operands, dims)
}

/// Gamma and beta, if the layer has both.
fn norm_values<B: Backend>(norm: &LayerNorm<B>) -> Option<[B::FloatTensorPrimitive; 2]> {
    let beta = norm.beta.as_ref()?.val();
    Some([norm.gamma.val(), beta].map(|tensor| tensor.into_primitive().tensor()))
}

/// Weight and bias, if the layer has both.
fn layer_values<B: Backend>(layer: &Linear<B>) -> Option<[B::FloatTensorPrimitive; 2]> {
    let bias = layer.bias.as_ref()?.val().into_primitive().tensor();
    Some([layer.weight.val().into_primitive().tensor(), bias])
}
