//! Weights as the exporter would store them.

use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::gain_and_offset;
use super::pixels::Pixels;
use crate::model::{Block, ConvNorm, Depthwise, Stem, Vit};

/// Largest magnitude of a stored weight.
const LARGEST: f64 = 127.0;
/// Least step, so that a row of zeros can be divided by it.
const LEAST_STEP: f64 = 1e-12;
/// The centre of a 3×3 window.
const CENTRE: usize = 4;

/// What a row of weights shares its step with.
#[derive(Clone, Copy)]
enum Step {
    /// Nothing: each output has its own.
    Channel,
    /// All rows of the layer.
    Layer,
}

/// What a layer's inputs are stored as: `(input − offset) / gain`, each `[1, inputs]`.
struct Folding<B: Backend> {
    gain: Tensor<B, 2>,
    offset: Tensor<B, 2>,
}

/// Rows as they are stored.
struct Rounded<B: Backend> {
    /// `[outputs, inputs]`.
    rows: Tensor<B, 2>,
    /// What rounding moves to the biases, `[outputs]`: those are folded before it.
    moved: Option<Tensor<B, 1>>,
}

/// A copy of `model` whose weights are rounded as they are stored: eight bits, symmetric, a step for
/// each output and one for the last layer of the head. What the exporter folds into a layer before it
/// rounds counts: pixel normalisation, gains and biases of normalisations, the sum around the depthwise
/// convolution.
///
/// The copy's parameters are leaves of their own with the original's names, so that gradients for
/// them are gradients for the original, passed straight through. A convolution stem reads pixels
/// less [`Pixels::padding`].
pub(super) fn rounded<B: Backend>(model: &Vit<B>, pixels: Pixels) -> Vit<B> {
    let mut model = model.clone();
    match &mut model.stem {
        Stem::Patches(patch) => round_patches(&mut patch.linear, pixels),
        Stem::Conv(stem) => {
            let mut convs = stem.stages.iter_mut().flat_map(|stage| &mut stage.convs);
            if let Some(first) = convs.next() {
                round_first(first, pixels);
            }
            for conv in convs {
                replace(&mut conv.weight, |weight| {
                    let dims = weight.dims();
                    round_rows(flat(weight), Step::Channel).reshape(dims)
                });
            }
        }
    }
    model.blocks.iter_mut().for_each(round_block);
    let last = model.head.layers.len().saturating_sub(1);
    for (index, layer) in model.head.layers.iter_mut().enumerate() {
        let step = if index == last { Step::Layer } else { Step::Channel };
        round_linear(layer, None, step);
    }
    model
}

fn round_patches<B: Backend>(layer: &mut Linear<B>, pixels: Pixels) {
    let [inputs, _] = layer.weight.dims();
    let device = layer.weight.device();
    let all = |colours: Tensor<B, 1>| colours.repeat(&[inputs / 3]).unsqueeze();
    let folding = Folding { gain: all(pixels.gain(&device)), offset: all(pixels.offset(&device)) };
    round_linear(layer, Some(folding), Step::Channel);
}

/// The convolution that reads pixels. It has no bias, its normalisation has.
fn round_first<B: Backend>(conv: &mut ConvNorm<B>, pixels: Pixels) {
    let (weight, device) = (conv.weight.val().detach(), conv.weight.device());
    let dims = weight.dims();
    let [outputs, inputs, side, _] = dims;
    let taps = |colours: Tensor<B, 1>| {
        colours.reshape([inputs, 1]).repeat_dim(1, side * side).reshape([1, inputs * side * side])
    };
    let folding =
        Folding { gain: taps(pixels.gain(&device)), offset: taps(pixels.offset(&device)) };
    let Rounded { rows, moved } = round_folded(flat(weight), Some(folding), Step::Channel);
    let padded = (rows.clone() * taps(pixels.padding(&device))).sum_dim(1).reshape([outputs]);
    let moved = moved.map_or_else(|| padded.clone(), |moved| moved + padded.clone());
    let norm = &mut conv.norm;
    let variance = norm.running_var.value().detach();
    let scale = norm.gamma.val().detach() / variance.add_scalar(norm.epsilon).sqrt();
    replace(&mut norm.beta, |beta| beta + scale * moved);
    replace(&mut conv.weight, |_| rows.reshape(dims));
}

fn round_block<B: Backend>(block: &mut Block<B>) {
    let attention = &mut block.attention;
    for layer in [&mut attention.query, &mut attention.key, &mut attention.value] {
        round_linear(layer, Some(folded(&block.norm1)), Step::Channel);
    }
    round_linear(&mut attention.output, None, Step::Channel);
    round_linear(&mut block.mlp.linear1, Some(folded(&block.norm2)), Step::Channel);
    if let Some(Depthwise { weight, .. }) = &mut block.mlp.depthwise {
        replace(weight, |weight| {
            let dims = weight.dims();
            let mut identity = [0.0; 9];
            identity[CENTRE] = 1.0;
            let identity = Tensor::<B, 1>::from_floats(identity, &weight.device()).unsqueeze();
            let sum = flat(weight) + identity.clone();
            (round_rows(sum, Step::Channel) - identity).reshape(dims)
        });
    }
    round_linear(&mut block.mlp.linear2, None, Step::Channel);
}

fn folded<B: Backend>(norm: &LayerNorm<B>) -> Folding<B> {
    let [gain, offset] = gain_and_offset(norm).map(|values| values.detach().unsqueeze());
    Folding { gain, offset }
}

fn round_linear<B: Backend>(layer: &mut Linear<B>, folding: Option<Folding<B>>, step: Step) {
    let rows = layer.weight.val().detach().swap_dims(0, 1); // [outputs, inputs]
    let Rounded { rows, moved } = round_folded(rows, folding, step);
    replace(&mut layer.weight, |_| rows.swap_dims(0, 1));
    if let (Some(bias), Some(moved)) = (&mut layer.bias, moved) {
        replace(bias, |bias| bias + moved);
    }
}

/// `[outputs, inputs, side, side]` to `[outputs, inputs · side · side]`.
fn flat<B: Backend>(weight: Tensor<B, 4>) -> Tensor<B, 2> {
    weight.flatten(1, 3)
}

/// Rounds `rows · gain` and takes the gain out again; inputs without gain stay.
fn round_folded<B: Backend>(
    rows: Tensor<B, 2>,
    folding: Option<Folding<B>>,
    step: Step,
) -> Rounded<B> {
    let Some(Folding { gain, offset }) = folding else {
        return Rounded { rows: round_rows(rows, step), moved: None };
    };
    let scaled = rows.clone() * gain.clone();
    let none = gain.clone().equal_elem(0.0).expand(scaled.dims());
    let change = (round_rows(scaled.clone(), step) - scaled) / gain;
    let change = change.mask_fill(none, 0.0);
    let moved = (change.clone() * offset).sum_dim(1).neg().squeeze_dim(1);
    Rounded { rows: rows + change, moved: Some(moved) }
}

/// `[outputs, inputs]` in steps of the 127th part of the largest of them.
fn round_rows<B: Backend>(rows: Tensor<B, 2>, step: Step) -> Tensor<B, 2> {
    let peak = rows.clone().abs().max_dim(1); // [outputs, 1]
    let peak = match step {
        Step::Channel => peak,
        Step::Layer => peak.max_dim(0),
    };
    let step = (peak / LARGEST).clamp_min(LEAST_STEP);
    (rows / step.clone()).round() * step
}

fn replace<B: Backend, const D: usize>(
    param: &mut Param<Tensor<B, D>>,
    change: impl FnOnce(Tensor<B, D>) -> Tensor<B, D>,
) {
    *param = param.clone().map(|value| change(value.detach()).detach().require_grad());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Normalisation;
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;

    fn network(preset: Preset) -> Vit<Flex> {
        let config = preset.config(10).unwrap();
        Vit::new(&config, DropoutRates::default(), 3, &Default::default())
    }

    fn numbers<const D: usize>(tensor: Tensor<Flex, D>) -> Vec<f32> {
        tensor.into_data().to_vec().unwrap()
    }

    /// The whole number of steps that each value is, with the farthest that one is from it.
    fn steps(rows: Tensor<Flex, 2>) -> f32 {
        let [_, inputs] = rows.dims();
        let mut farthest = 0.0f32;
        for row in numbers(rows).chunks_exact(inputs) {
            let step = row.iter().fold(0.0f32, |peak, value| peak.max(value.abs())) / 127.0;
            for value in row {
                let steps = value / step;
                farthest = farthest.max((steps - steps.round()).abs());
            }
        }
        farthest
    }

    #[test]
    fn weights_become_whole_steps_of_what_is_stored() {
        for preset in [Preset::Nano, Preset::Vit64x4] {
            let mut model = network(preset);
            let gain = Tensor::<Flex, 1>::from_floats([0.5, -2.0], &Default::default());
            let [dim] = model.blocks[0].norm1.gamma.dims();
            let gain = gain.repeat(&[dim / 2]);
            let norm = &mut model.blocks[0].norm1;
            norm.gamma = norm.gamma.clone().map(|_| gain.clone());
            let found = rounded(&model, Pixels::new(Normalisation::CIFAR10));
            let query = |model: &Vit<Flex>| model.blocks[0].attention.query.weight.val();
            let behind =
                |weight: Tensor<Flex, 2>| weight.swap_dims(0, 1) * gain.clone().unsqueeze();
            assert!(steps(behind(query(&model))) > 0.3, "{}: not before", preset.name());
            assert!(steps(behind(query(&found))) < 0.01, "{}: queries", preset.name());
            let second = found.blocks[0].mlp.linear2.weight.val().swap_dims(0, 1);
            assert!(steps(second) < 0.01, "{}: second layer", preset.name());
            let ids = |model: &Vit<Flex>| model.blocks[0].attention.query.weight.id;
            assert_eq!(ids(&model), ids(&found), "{}: the parameter's name", preset.name());
        }
    }

    #[test]
    fn a_layer_behind_a_normalisation_keeps_its_outputs_for_its_offset() {
        let mut model = network(Preset::Vit64x4);
        let norm = &mut model.blocks[0].norm2;
        norm.beta = norm.beta.take().map(|beta| beta.map(|zeros| zeros + 0.7));
        let found = rounded(&model, Pixels::new(Normalisation::CIFAR10));
        let at_offset = |model: &Vit<Flex>| {
            let layer = &model.blocks[0].mlp.linear1;
            let bias = layer.bias.as_ref().unwrap().val();
            numbers((layer.weight.val() * 0.7).sum_dim(0).squeeze_dim::<1>(0) + bias)
        };
        for (before, after) in at_offset(&model).into_iter().zip(at_offset(&found)) {
            assert!((before - after).abs() < 1e-5, "{after}, not {before}");
        }
    }
}
