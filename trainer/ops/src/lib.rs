//! The operations of the model.
//!
//! [`compose`] defines each one with burn's own operations. These make many passes over memory, and
//! burn differentiates every pass. Training therefore runs fused forms: each is a [`Fused`] operation on
//! plain slices with a gradient of its own, tested against its definition. All activations are
//! `[batch, positions, channels]`.

mod attention;
mod attention_branch;
mod autodiff;
mod backend;
mod batch_norm;
mod branch;
pub mod compose;
mod conv;
mod depthwise;
#[cfg(any(feature = "cuda", feature = "tch", feature = "wgpu"))]
mod device;
mod elementary;
mod fake_quant;
mod fused;
mod gelu;
mod kernels;
mod layer_norm;
mod layers;
mod layout;
mod linear;
mod mlp_branch;
mod parallel;
mod pointwise;
mod processor;
mod residual;
mod scratch;
mod window;

use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;

pub use attention::Exponentials;
pub use backend::{HostBackend, VitBackend};
use backend::{apply, primitive};
pub use branch::{attention_branch, mlp_branch};
pub use fake_quant::FakeQuant;
pub use fused::Fused;
pub use kernels::memory::keep_freed_memory;
pub use kernels::precision::Bf16Products;
pub use layers::{AttentionLayers, MlpLayers};
pub use parallel::PARTS;
pub use residual::Factors;
pub use window::Window;

/// See [`compose::gelu`].
pub fn gelu<B: VitBackend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::gelu(x);
    }
    let dims = x.dims();
    apply(gelu::Gelu, [primitive(x)], dims)
}

/// See [`compose::linear`].
pub fn linear<B: VitBackend>(x: Tensor<B, 3>, layer: &Linear<B>) -> Tensor<B, 3> {
    let Some(bias) = layer.bias.as_ref().filter(|_| !B::COMPOSED) else {
        return compose::linear(x, layer);
    };
    let [batch, positions, inputs] = x.dims();
    let weight = layer.weight.val();
    let [_, outputs] = weight.dims();
    let op = linear::LinearRows { inputs, outputs };
    let operands = [primitive(x), primitive(weight), primitive(bias.val())];
    apply(op, operands, [batch, positions, outputs])
}

/// See [`compose::layer_norm`].
pub fn layer_norm<B: VitBackend>(
    x: Tensor<B, 3>,
    norm: &LayerNorm<B>,
    epsilon: f64,
) -> Tensor<B, 3> {
    let Some(beta) = norm.beta.as_ref().filter(|_| !B::COMPOSED) else {
        return compose::layer_norm(x, norm, epsilon);
    };
    let dims = x.dims();
    let op = layer_norm::NormRows { channels: dims[2], epsilon: epsilon as f32 };
    apply(op, [primitive(x), primitive(norm.gamma.val()), primitive(beta.val())], dims)
}

/// See [`compose::batch_norm`].
pub fn batch_norm<B: VitBackend>(
    x: Tensor<B, 3>,
    gamma: Tensor<B, 1>,
    beta: Tensor<B, 1>,
    epsilon: f64,
    then_gelu: bool,
) -> (Tensor<B, 3>, Tensor<B, 1>, Tensor<B, 1>) {
    if B::COMPOSED {
        return compose::batch_norm(x, gamma, beta, epsilon, then_gelu);
    }
    let (dims, device) = (x.dims(), x.device());
    let x = primitive(x);
    let measure =
        |x: &[f32]| batch_norm::NormChannels::measure(x, dims[2], epsilon as f32, then_gelu);
    let op = B::inspect(&x, measure);
    let (mean, variance) = (op.mean(), op.variance());
    let y = apply(op, [x, primitive(gamma), primitive(beta)], dims);
    (y, Tensor::from_data(mean, &device), Tensor::from_data(variance, &device))
}

/// See [`compose::conv3x3`].
pub fn conv3x3<B: VitBackend>(
    x: Tensor<B, 3>,
    weight: Tensor<B, 4>,
    window: Window,
) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::conv3x3(x, weight, window);
    }
    let ([batch, ..], [outputs, inputs, ..]) = (x.dims(), weight.dims());
    let [height, width] = window.output();
    let op = conv::Conv3x3 { window, inputs, outputs };
    apply(op, [primitive(x), primitive(weight)], [batch, height * width, outputs])
}

/// See [`compose::pointwise`].
pub fn pointwise<B: VitBackend>(x: Tensor<B, 3>, weight: Tensor<B, 4>) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::pointwise(x, weight);
    }
    let ([batch, positions, inputs], [outputs, ..]) = (x.dims(), weight.dims());
    let op = pointwise::Pointwise { inputs, outputs };
    apply(op, [primitive(x), primitive(weight)], [batch, positions, outputs])
}

/// See [`compose::channels_last`].
pub fn channels_last<B: VitBackend>(images: Tensor<B, 4>) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::channels_last(images);
    }
    let [batch, channels, height, width] = images.dims();
    let op = layout::ChannelsLast { channels, positions: height * width };
    apply(op, [primitive(images)], [batch, height * width, channels])
}

/// See [`compose::add_to_images`].
pub fn add_to_images<B: VitBackend>(x: Tensor<B, 3>, values: Tensor<B, 2>) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::add_to_images(x, values);
    }
    let dims = x.dims();
    apply(layout::AddToImages, [primitive(x), primitive(values)], dims)
}

/// See [`compose::mean_positions`].
pub fn mean_positions<B: VitBackend>(x: Tensor<B, 3>) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::mean_positions(x);
    }
    let [batch, positions, channels] = x.dims();
    let op = layout::MeanPositions { positions, channels };
    apply(op, [primitive(x)], [batch, 1, channels])
}

/// See [`compose::depthwise3x3`].
pub fn depthwise3x3<B: VitBackend>(
    x: Tensor<B, 3>,
    weight: Tensor<B, 4>,
    bias: Option<Tensor<B, 1>>,
    sides: [usize; 2],
) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::depthwise3x3(x, weight, bias, sides);
    }
    let dims = x.dims();
    let bias = bias.unwrap_or_else(|| Tensor::zeros([dims[2]], &x.device()));
    let op = depthwise::Depthwise3x3 { sides, channels: dims[2] };
    apply(op, [primitive(x), primitive(weight), primitive(bias)], dims)
}

/// See [`compose::attention`].
pub fn attention<B: VitBackend>(
    query: Tensor<B, 3>,
    key: Tensor<B, 3>,
    value: Tensor<B, 3>,
    heads: usize,
    exponentials: Exponentials,
) -> Tensor<B, 3> {
    if B::COMPOSED {
        return compose::attention(query, key, value, heads, exponentials);
    }
    let dims = query.dims();
    let op =
        attention::Attention { tokens: dims[1], heads, head_dim: dims[2] / heads, exponentials };
    apply(op, [primitive(query), primitive(key), primitive(value)], dims)
}

/// Rounds `[batch, positions, channels]` to the values that int8 can store.
pub fn fake_quant<B: VitBackend>(x: Tensor<B, 3>, stored: &FakeQuant) -> Tensor<B, 3> {
    let dims = x.dims();
    apply(stored.clone(), [primitive(x)], dims)
}

#[cfg(test)]
mod tests;
