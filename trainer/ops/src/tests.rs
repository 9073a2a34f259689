//! Compares values and gradients of every fused operation with its definition.

use burn::backend::Autodiff;
use burn::module::Param;
use burn::nn::{LayerNormConfig, LinearConfig};
use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use burn_ndarray::NdArray;

use crate::*;

type OnFlex = Autodiff<Flex>;
type OnNdArray = Autodiff<NdArray>;

/// Reproducible values of either sign, different for each `salt`, that need a gradient.
fn operand<B: VitBackend, const D: usize>(shape: [usize; D], salt: usize) -> Tensor<B, D> {
    let len = shape.iter().product::<usize>();
    let value = |i: usize| ((i * 31 + salt * 977) as f32 * 0.618).sin() * 1.7 + 0.1 * salt as f32;
    let values = (0..len).map(value).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), &B::Device::default())
}

fn numbers<B: VitBackend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().to_vec().expect("float values")
}

/// Runs `$op` on operands of the given shapes on a backend and returns its values followed by the
/// gradient of every operand, for a loss that weighs each output differently.
macro_rules! run {
    ($backend:ty, $op:expr, $($name:ident: $shape:expr),+) => {{
        type B = $backend;
        let mut salt = 0;
        $(
            salt += 1;
            let $name = operand::<B, _>($shape, salt).require_grad();
        )+
        let y = $op($($name.clone()),+);
        let weights = operand::<B, 3>(y.dims(), 9);
        let grads = (y.clone() * weights).sum().backward();
        let mut found = vec![("value", numbers(y))];
        $(
            let grad = $name.grad(&grads).expect("a gradient");
            found.push((stringify!($name), grad.into_data().to_vec::<f32>().expect("floats")));
        )+
        found
    }};
}

/// Compares the fused operation on two backends with its definition on flex. Gradients on flex are more
/// accurate: on ndarray, the gradients of attention are off by 1e-4.
macro_rules! agree {
    ($name:literal, $fused:expr, $composed:expr, $($operand:ident: $shape:expr),+) => {{
        let expected = run!(OnFlex, $composed, $($operand: $shape),+);
        for (backend, found) in [
            ("flex", run!(OnFlex, $fused, $($operand: $shape),+)),
            ("ndarray", run!(OnNdArray, $fused, $($operand: $shape),+)),
        ] {
            for ((what, expected), (_, found)) in expected.iter().zip(&found) {
                assert_eq!(expected.len(), found.len(), "{} {backend}: length of {what}", $name);
                let largest = expected.iter().fold(1.0f32, |m, v| m.max(v.abs()));
                for (at, (a, b)) in expected.iter().zip(found).enumerate() {
                    let error = (a - b).abs() / largest;
                    assert!(error < 1e-5, "{} {backend}: {what}[{at}] is {b}, not {a}", $name);
                }
            }
        }
    }};
}

#[test]
fn layer_norm_agrees() {
    fn with<B: VitBackend>(
        norm: fn(Tensor<B, 3>, &LayerNorm<B>, f64) -> Tensor<B, 3>,
    ) -> impl Fn(Tensor<B, 3>, Tensor<B, 1>, Tensor<B, 1>) -> Tensor<B, 3> {
        move |x, gamma, beta| {
            let mut layer = LayerNormConfig::new(gamma.dims()[0]).init::<B>(&x.device());
            layer.gamma = Param::initialized(1.into(), gamma);
            layer.beta = Some(Param::initialized(2.into(), beta));
            norm(x, &layer, 0.01)
        }
    }
    agree!("layer norm", with(layer_norm), with(compose::layer_norm),
        x: [3, 5, 20], gamma: [20], beta: [20]);
}

#[test]
fn linear_agrees() {
    fn with<B: VitBackend>(
        linear: fn(Tensor<B, 3>, &Linear<B>) -> Tensor<B, 3>,
    ) -> impl Fn(Tensor<B, 3>, Tensor<B, 2>, Tensor<B, 1>) -> Tensor<B, 3> {
        move |x, weight, bias| {
            let [inputs, outputs] = weight.dims();
            let mut layer = LinearConfig::new(inputs, outputs).init::<B>(&x.device());
            layer.weight = Param::initialized(1.into(), weight);
            layer.bias = Some(Param::initialized(2.into(), bias));
            linear(x, &layer)
        }
    }
    agree!("linear", with(linear), with(compose::linear),
        x: [19, 4, 6], weight: [6, 11], bias: [11]);
    agree!("large linear", with(linear), with(compose::linear),
        x: [2, 1, 700], weight: [700, 100], bias: [100]);
}

#[test]
fn batch_norm_agrees() {
    fn with<B: VitBackend>(
        norm: impl Fn(
            Tensor<B, 3>,
            Tensor<B, 1>,
            Tensor<B, 1>,
            f64,
            bool,
        ) -> (Tensor<B, 3>, Tensor<B, 1>, Tensor<B, 1>),
        then_gelu: bool,
    ) -> impl Fn(Tensor<B, 3>, Tensor<B, 1>, Tensor<B, 1>) -> Tensor<B, 3> {
        move |x, gamma, beta| norm(x, gamma, beta, 1e-5, then_gelu).0
    }
    for then_gelu in [false, true] {
        for positions in [7, 8, 64] {
            agree!("batch norm", with(batch_norm, then_gelu), with(compose::batch_norm, then_gelu),
                x: [18, positions, 5], gamma: [5], beta: [5]);
        }
    }
    let x = || operand::<OnFlex, 3>([18, 7, 5], 1);
    let ones = || operand::<OnFlex, 1>([5], 2);
    let (_, mean, variance) = batch_norm(x(), ones(), ones(), 1e-5, false);
    let (_, mean_defined, variance_defined) = compose::batch_norm(x(), ones(), ones(), 1e-5, false);
    mean.into_data().assert_approx_eq::<f32>(&mean_defined.into_data(), Default::default());
    variance.into_data().assert_approx_eq::<f32>(&variance_defined.into_data(), Default::default());
}

#[test]
fn convolutions_agree() {
    for stride in [1, 2] {
        for input in [[1, 1], [2, 1], [5, 4], [6, 7]] {
            let window = Window { input, stride };
            agree!("conv", |x, w| conv3x3(x, w, window), |x, w| compose::conv3x3(x, w, window),
                x: [3, input[0] * input[1], 2], weight: [4, 2, 3, 3]);
        }
    }
}

#[test]
fn pointwise_agrees() {
    agree!("pointwise", pointwise, compose::pointwise, x: [3, 40, 6], weight: [4, 6, 1, 1]);
}

#[test]
fn layouts_agree() {
    agree!("channels last", channels_last, compose::channels_last, images: [18, 3, 4, 5]);
    agree!("add to images", add_to_images, compose::add_to_images, x: [18, 4, 3], values: [4, 3]);
    agree!("mean of positions", mean_positions, compose::mean_positions, x: [18, 7, 5]);
}

#[test]
fn depthwise_agrees() {
    for sides in [[1, 1], [1, 2], [3, 1], [5, 4]] {
        agree!("depthwise",
            |x, w, b| depthwise3x3(x, w, Some(b), sides),
            |x, w, b| compose::depthwise3x3(x, w, Some(b), sides),
            x: [18, sides[0] * sides[1], 6], weight: [6, 1, 3, 3], bias: [6]);
        agree!("depthwise without bias",
            |x, w| depthwise3x3(x, w, None, sides),
            |x, w| compose::depthwise3x3(x, w, None, sides),
            x: [2, sides[0] * sides[1], 3], weight: [3, 1, 3, 3]);
    }
}

#[test]
fn attention_agrees() {
    agree!("attention",
        |q, k, v| attention(q, k, v, 3, Exponentials::Exact),
        |q, k, v| compose::attention(q, k, v, 3, Exponentials::Exact),
        query: [4, 17, 12], key: [4, 17, 12], value: [4, 17, 12]);
}

#[test]
fn rounded_exponentials_agree() {
    // In steps of 1/64, as sites store them.
    let operands = || {
        let operand = |salt| operand::<Flex, 3>([4, 17, 12], salt);
        [1, 2, 3].map(|salt| (operand(salt) * 64.0).round() / 64.0)
    };
    let [q, k, v] = operands();
    let stored = Exponentials::EightBits { step: 1.0 / 4096.0 };
    let fused = numbers(attention(q, k, v, 3, stored));
    let [q, k, v] = operands();
    let composed = numbers(compose::attention(q, k, v, 3, stored));
    let [q, k, v] = operands();
    let exact = numbers(attention(q, k, v, 3, Exponentials::Exact));
    // One exponential between two steps may be rounded to either.
    let differ =
        |other: &[f32]| fused.iter().zip(other).filter(|(a, b)| (*a - *b).abs() > 1e-4).count();
    assert!(differ(&composed) < fused.len() / 100, "{} differ", differ(&composed));
    assert!(differ(&exact) > fused.len() / 2, "{} were rounded", differ(&exact));
}

/// Layers whose values are those of the given operands.
fn layer<B: VitBackend>(weight: Tensor<B, 2>, bias: Tensor<B, 1>) -> Linear<B> {
    let [inputs, outputs] = weight.dims();
    let mut layer = LinearConfig::new(inputs, outputs).init::<B>(&weight.device());
    layer.weight = Param::initialized(1.into(), weight);
    layer.bias = Some(Param::initialized(2.into(), bias));
    layer
}

fn norm<B: VitBackend>(gamma: Tensor<B, 1>, beta: Tensor<B, 1>) -> LayerNorm<B> {
    let mut norm = LayerNormConfig::new(gamma.dims()[0]).init::<B>(&gamma.device());
    norm.gamma = Param::initialized(3.into(), gamma);
    norm.beta = Some(Param::initialized(4.into(), beta));
    norm
}

/// More images than are worked on together in every part; some branches are dropped.
const BRANCH_IMAGES: usize = 3 * PARTS + 1;

fn branch_factors(active: bool) -> Factors {
    let factor = |image: usize| [1.25, 0.0, 0.5][image % 3];
    Factors(active.then(|| (0..BRANCH_IMAGES).map(factor).collect()))
}

#[test]
fn attention_branch_agrees() {
    for dropping in [false, true] {
        macro_rules! branch {
            ($run:expr) => {
                |x, gamma, beta, qw, qb, kw, vw, vb, ow, ob| {
                    // The bias of keys moves all scores of a query alike: its gradient is noise around
                    // zero, so it is compared as a part of another gradient.
                    let key = layer(kw, Tensor::clone(&qb));
                    let (norm, query) = (norm(gamma, beta), layer(qw, qb));
                    let (value, output) = (layer(vw, vb), layer(ow, ob));
                    let layers = AttentionLayers {
                        norm: &norm,
                        epsilon: 0.01,
                        query: &query,
                        key: &key,
                        value: &value,
                        output: &output,
                        heads: 2,
                    };
                    $run(x, &layers, branch_factors(dropping))
                }
            };
        }
        agree!("attention branch", branch!(attention_branch),
            branch!(|x, layers, factors| compose::attention_branch(x, layers, &factors)),
            x: [BRANCH_IMAGES, 9, 10], gamma: [10], beta: [10], query: [10, 6], query_bias: [6],
            key: [10, 6], value: [10, 6], value_bias: [6], output: [6, 10],
            output_bias: [10]);
    }
}

#[test]
fn mlp_branch_agrees() {
    for (dropping, second_gelu) in [(false, false), (true, true)] {
        macro_rules! branch {
            ($run:expr) => {
                |x, gamma, beta, w1, b1, w2, b2, depthwise, bias| {
                    let (norm, linear1, linear2) =
                        (norm(gamma, beta), layer(w1, b1), layer(w2, b2));
                    let layers = MlpLayers {
                        norm: &norm,
                        epsilon: 0.01,
                        linear1: &linear1,
                        depthwise: Some((depthwise, bias, [3, 2])),
                        linear2: &linear2,
                        second_gelu,
                    };
                    $run(x, &layers, branch_factors(dropping))
                }
            };
        }
        agree!("MLP branch", branch!(mlp_branch),
            branch!(|x, layers, factors| compose::mlp_branch(x, layers, &factors)),
            x: [BRANCH_IMAGES, 6, 5], gamma: [5], beta: [5], weight1: [5, 8], bias1: [8],
            weight2: [8, 5], bias2: [5], depthwise: [8, 1, 3, 3], depthwise_bias: [8]);
        macro_rules! plain {
            ($run:expr) => {
                |x, gamma, beta, w1, b1, w2, b2| {
                    let (norm, linear1, linear2) =
                        (norm(gamma, beta), layer(w1, b1), layer(w2, b2));
                    let layers = MlpLayers {
                        norm: &norm,
                        epsilon: 0.01,
                        linear1: &linear1,
                        depthwise: None,
                        linear2: &linear2,
                        second_gelu,
                    };
                    $run(x, &layers, branch_factors(dropping))
                }
            };
        }
        agree!("MLP branch without convolution", plain!(mlp_branch),
            plain!(|x, layers, factors| compose::mlp_branch(x, layers, &factors)),
            x: [BRANCH_IMAGES, 6, 5], gamma: [5], beta: [5], weight1: [5, 8], bias1: [8],
            weight2: [8, 5], bias2: [5]);
    }
}

#[test]
fn gelu_agrees_where_burn_is_exact() {
    // On flex burn differentiates the error function; on ndarray the tanh approximation.
    let expected = run!(OnFlex, compose::gelu, x: [3, 5, 7]);
    for found in [run!(OnFlex, gelu, x: [3, 5, 7]), run!(OnNdArray, gelu, x: [3, 5, 7])] {
        for ((what, expected), (_, found)) in expected.iter().zip(&found) {
            for (a, b) in expected.iter().zip(found) {
                assert!((a - b).abs() < 1e-6, "{what} is {b}, not {a}");
            }
        }
    }
}

#[test]
fn an_operand_that_needs_no_gradient_gets_none() {
    let device = Default::default();
    let x = Tensor::<OnFlex, 3>::ones([2, 16, 3], &device);
    let weight = Tensor::<OnFlex, 4>::ones([4, 3, 3, 3], &device).require_grad();
    let window = Window { input: [4, 4], stride: 1 };
    let grads = conv3x3(x.clone(), weight.clone(), window).sum().backward();
    assert!(x.grad(&grads).is_none(), "the input's gradient");
    // The middle tap meets all 16 positions of both images, a corner tap 9 of them.
    let grad = numbers_of(weight.grad(&grads).expect("the weight's gradient"));
    assert_eq!((grad[4], grad[0]), (32.0, 18.0), "gradients of two taps");
}

fn numbers_of<const D: usize>(tensor: Tensor<Flex, D>) -> Vec<f32> {
    tensor.into_data().to_vec().expect("float values")
}
