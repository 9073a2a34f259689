//! A network with the weights that the exporter's integers represent.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use runtime::config::Pool;
use runtime::site::{BlockSite, ConvSite, SiteId};

use super::layer::{Layer, Scaling};
use super::modules::{
    batch_norm, convolution, depthwise, layer_norm, linear, numbers, transposed, values,
};
use super::pixels::Pixels;
use super::rounding::{Sharing, round};
use crate::model::{Block, ConvNorm, ConvStem, Depthwise, Mlp, Stem, Vit};

/// A network with the weights that are stored.
pub(super) struct Weights<B: Backend> {
    pub(super) model: Vit<B>,
    /// The value of one unit of a layer's accumulators, `[outputs]`, by the site at which these are
    /// rounded.
    pub(super) units: BTreeMap<SiteId, Vec<f64>>,
    /// The value of one step of a residual stage's input, by the site of the stage's sum.
    pub(super) shortcuts: BTreeMap<SiteId, f64>,
}

/// A copy of `model` whose weights are rounded as they are stored: eight bits, symmetric, one step for each
/// output, and one step for the whole last layer of the head. As in the exporter, these are folded in
/// before weights are rounded: pixel normalisation, gains and biases of normalisations, and the sum around
/// the depthwise convolution. `stored` gives the size of one step of a site. If it does, biases and the
/// position embedding are rounded too: a bias to the product of the steps of its layer's inputs and
/// weights.
///
/// The parameters of the copy are leaves of their own, with the ids of the original parameters. So
/// gradients for the copy are used for the original (straight-through estimator). A convolution stem of the
/// copy reads pixels minus [`Pixels::padding_values`].
pub(super) fn rounded<B: Backend>(
    model: &Vit<B>,
    pixels: Pixels,
    stored: impl Fn(SiteId) -> Option<f32>,
) -> Weights<B> {
    let mut model = model.clone();
    let stored = |site| stored(site).map(f64::from);
    let (mut units, mut shortcuts) = (BTreeMap::new(), BTreeMap::new());
    let mut keep = |site, found: Option<Vec<f64>>| {
        units.extend(found.map(|units| (site, units)));
    };
    match &mut model.stem {
        Stem::Patches(patch) => {
            round_linear(&mut patch.linear, Some(&pixels.scaling()), Sharing::Output, Some(1.0));
        }
        Stem::Conv(stem) => shortcuts = round_stem(stem, pixels, stored, &mut keep),
    }
    if let Some(step) = stored(SiteId::Embed) {
        let mut position = numbers(&model.position);
        position.iter_mut().for_each(|value| *value = (*value / step).round_ties_even() * step);
        write(&mut model.position, position);
    }
    for (index, block) in model.blocks.iter_mut().enumerate() {
        let site = |at| SiteId::Block { block: index as u8, at };
        round_block(block, |at| stored(site(at)), |at, units| keep(site(at), units));
    }
    let tokens = model.position.dims()[0] as f64;
    let mut input = match (model.pool(), &*model.head.layers) {
        (Pool::Flatten, _) => stored(SiteId::Norm),
        // The sum over all tokens, which is exact.
        (Pool::Mean, [_]) => stored(SiteId::Norm).map(|step| step / tokens),
        (Pool::Mean, _) => None,
    };
    let last = model.head.layers.len().saturating_sub(1);
    for (index, layer) in model.head.layers.iter_mut().enumerate() {
        let sharing = if index == last { Sharing::Layer } else { Sharing::Output };
        keep(SiteId::HeadHidden(index as u8), round_linear(layer, None, sharing, input));
        input = stored(SiteId::HeadGelu(index as u8));
    }
    Weights { model, units, shortcuts }
}

fn round_stem<B: Backend>(
    stem: &mut ConvStem<B>,
    pixels: Pixels,
    stored: impl Fn(SiteId) -> Option<f64>,
    mut keep: impl FnMut(SiteId, Option<Vec<f64>>),
) -> BTreeMap<SiteId, f64> {
    let mut input = Some(1.0);
    let mut image = Some(pixels);
    let mut shortcuts = BTreeMap::new();
    for (stage, layers) in stem.stages.iter_mut().enumerate() {
        let stage_input = input;
        for (conv, layer) in layers.convs.iter_mut().enumerate() {
            let site = |at| SiteId::Stem { stage: stage as u8, conv: conv as u8, at };
            keep(site(ConvSite::Linear), round_conv(layer, image.take(), input));
            let sites = [ConvSite::Add, ConvSite::Gelu, ConvSite::Linear];
            input = sites.into_iter().find_map(|at| stored(site(at)));
            if let (Some(unit), Some(_)) = (stage_input, stored(site(ConvSite::Add))) {
                shortcuts.insert(site(ConvSite::Add), unit);
            }
        }
    }
    shortcuts
}

/// Rounds a convolution with its normalisation. The bias becomes a part of beta. `image` is given if the
/// convolution reads the image.
fn round_conv<B: Backend>(
    conv: &mut ConvNorm<B>,
    image: Option<Pixels>,
    input: Option<f64>,
) -> Option<Vec<f64>> {
    let [_, inputs, height, width] = conv.weight.dims();
    let norm = batch_norm(&conv.norm);
    let plain = convolution(conv);
    let normed = plain.clone().fold_outputs(&norm);
    let (found, units) =
        rounded_layer(normed, image.map(Pixels::scaling).as_ref(), Sharing::Output, input);
    let padding = image.map(Pixels::padding_values);
    let padded = |row: &[f64]| {
        let Some(padding) = padding else { return 0.0 };
        let taps = |colour| row.iter().skip(colour).step_by(inputs).sum::<f64>();
        padding.iter().enumerate().map(|(colour, value)| taps(colour) * value).sum::<f64>()
    };
    let means = values(conv.norm.running_mean.value());
    let shifts = means.iter().zip(&norm.gain).map(|(mean, gain)| mean * gain);
    let biases = found.bias.iter().zip(shifts).zip(found.rows());
    let beta = biases.map(|((bias, shift), row)| bias + shift + padded(row)).collect();
    write(&mut conv.norm.beta, beta);
    let found = found.unfold_output_gain(&norm.gain, &plain);
    let rows = found.weights.chunks_exact(inputs * height * width);
    write(&mut conv.weight, rows.flat_map(|row| transposed(row, inputs)).collect());
    units
}

fn round_block<B: Backend>(
    block: &mut Block<B>,
    stored: impl Fn(BlockSite) -> Option<f64>,
    mut keep: impl FnMut(BlockSite, Option<Vec<f64>>),
) {
    let attention = &mut block.attention;
    let norm = layer_norm(&block.norm1);
    for (layer, site) in [
        (&mut attention.query, BlockSite::Query),
        (&mut attention.key, BlockSite::Key),
        (&mut attention.value, BlockSite::Value),
    ] {
        keep(site, round_linear(layer, Some(&norm), Sharing::Output, stored(BlockSite::Norm1)));
    }
    round_linear(&mut attention.output, None, Sharing::Output, stored(BlockSite::Context));
    let Mlp { linear1, depthwise, linear2, .. } = &mut block.mlp;
    let norm = layer_norm(&block.norm2);
    let units = round_linear(linear1, Some(&norm), Sharing::Output, stored(BlockSite::Norm2));
    keep(BlockSite::Mlp1, units);
    if let Some(depthwise) = depthwise {
        keep(BlockSite::Depthwise, round_depthwise(depthwise, stored(BlockSite::Mlp1)));
    }
    let units = round_linear(linear2, None, Sharing::Output, stored(BlockSite::Gelu));
    keep(BlockSite::Mlp2, units);
}

fn round_depthwise<B: Backend>(layer: &mut Depthwise<B>, input: Option<f64>) -> Option<Vec<f64>> {
    let sum = depthwise(layer).with_identity();
    let (found, units) = rounded_layer(sum, None, Sharing::Output, input);
    let found = found.without_identity();
    write(&mut layer.weight, found.weights);
    write(&mut layer.bias, found.bias);
    units
}

/// `input` is the size of one step of the layer's inputs, before `scaling`.
fn round_linear<B: Backend>(
    layer: &mut Linear<B>,
    scaling: Option<&Scaling>,
    sharing: Sharing,
    input: Option<f64>,
) -> Option<Vec<f64>> {
    let [inputs, _] = layer.weight.dims();
    let (found, units) = rounded_layer(linear(layer), scaling, sharing, input);
    write(&mut layer.weight, transposed(&found.weights, inputs));
    if let Some(bias) = &mut layer.bias {
        write(bias, found.bias);
    }
    units
}

/// The values of a layer's integers. `scaling` is folded into the inputs before the rounding, and the
/// folding is undone after it. If the step of the inputs is known, also the value of one unit of each
/// output's accumulator.
fn rounded_layer(
    layer: Layer,
    scaling: Option<&Scaling>,
    sharing: Sharing,
    input: Option<f64>,
) -> (Layer, Option<Vec<f64>>) {
    let (values, steps) = match scaling {
        None => {
            let found = round(layer, sharing, input);
            (found.values, found.steps)
        }
        Some(scaling) => {
            let found = round(layer.clone().fold_inputs(scaling), sharing, input);
            (found.values.unfold_inputs(scaling, &layer), found.steps)
        }
    };
    (values, input.map(|input| steps.iter().map(|step| input * step).collect()))
}

fn write<B: Backend, const D: usize>(param: &mut Param<Tensor<B, D>>, values: Vec<f64>) {
    *param = param.clone().map(|old| {
        let values = values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, old.dims()), &old.device()).require_grad()
    });
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

    /// The largest distance of a value from a whole number of its row's steps, in steps.
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
            let found = rounded(&model, Pixels::new(Normalisation::CIFAR10), |_| None).model;
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
        let found = rounded(&model, Pixels::new(Normalisation::CIFAR10), |_| None).model;
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
