//! Weights as the exporter would store them.
//!
//! In f64 and in the exporter's order of operations: a weight of half the largest of its row lies between
//! two steps, and which one it becomes hangs on the last bit.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::nn::{LayerNorm, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use runtime::config::Pool;
use runtime::site::{BlockSite, ConvSite, SiteId};

use super::pixels::Pixels;
use super::rows::{Folding, Rows, Step};
use crate::model::{Block, ConvNorm, ConvStem, Depthwise, Mlp, Stem, Vit};

/// Taps of a depthwise window.
const TAPS: usize = 9;
/// The centre of a 3×3 window.
const CENTRE: usize = 4;

/// A network with the weights that are stored.
pub(super) struct Rounded<B: Backend> {
    pub(super) model: Vit<B>,
    /// What one unit of an accumulator stands for, `[outputs]`, where a layer's accumulators are what is
    /// rounded at a site.
    pub(super) units: BTreeMap<SiteId, Vec<f64>>,
    /// What one step of a residual stage's input stands for, by the site of the stage's sum.
    pub(super) shortcuts: BTreeMap<SiteId, f64>,
}

/// A copy of `model` whose weights are rounded as they are stored: eight bits, symmetric, a step for
/// each output and one for the last layer of the head. What the exporter folds into a layer before it
/// rounds counts: pixel normalisation, gains and biases of normalisations, the sum around the depthwise
/// convolution. Biases and the position embedding are rounded where `stored` says what one step of
/// a site is: a bias to the product of its layer's steps of inputs and weights.
///
/// The copy's parameters are leaves of their own with the original's names, so that gradients for
/// them are gradients for the original, passed straight through. A convolution stem reads pixels
/// less [`Pixels::padding`].
pub(super) fn rounded<B: Backend>(
    model: &Vit<B>,
    pixels: Pixels,
    stored: impl Fn(SiteId) -> Option<f32>,
) -> Rounded<B> {
    let mut model = model.clone();
    let stored = |site| stored(site).map(f64::from);
    let (mut units, mut shortcuts) = (BTreeMap::new(), BTreeMap::new());
    let mut keep = |site, found: Option<Vec<f64>>| {
        units.extend(found.map(|units| (site, units)));
    };
    match &mut model.stem {
        Stem::Patches(patch) => {
            round_linear(&mut patch.linear, Some(&pixels.folding()), Step::Channel, Some(1.0));
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
        let step = if index == last { Step::Layer } else { Step::Channel };
        keep(SiteId::HeadHidden(index as u8), round_linear(layer, None, step, input));
        input = stored(SiteId::HeadGelu(index as u8));
    }
    Rounded { model, units, shortcuts }
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

/// A convolution with its normalisation, which has the bias. `image` where it reads the image.
fn round_conv<B: Backend>(
    conv: &mut ConvNorm<B>,
    image: Option<Pixels>,
    input: Option<f64>,
) -> Option<Vec<f64>> {
    let (weights, [outputs, inputs, height, width]) = (numbers(&conv.weight), conv.weight.dims());
    let taps = height * width;
    let variance = values(conv.norm.running_var.value());
    let gain = numbers(&conv.norm.gamma);
    let gain: Vec<f64> = gain
        .iter()
        .zip(&variance)
        .map(|(gamma, variance)| gamma / (variance + conv.norm.epsilon).sqrt())
        .collect();
    let shift = values(conv.norm.running_mean.value());
    let shift: Vec<f64> = shift.iter().zip(&gain).map(|(mean, gain)| mean * gain).collect();
    let of_row = |at: usize| gain[at / (inputs * taps)];
    let folding = image.map(|pixels| pixels.folding().repeat_each(taps));
    let beta = numbers(&conv.norm.beta);
    let rows = Rows {
        weights: weights.iter().enumerate().map(|(at, weight)| weight * of_row(at)).collect(),
        bias: beta.iter().zip(&shift).map(|(beta, shift)| beta - shift).collect(),
    };
    let (rows, units) = rows.rounded(folding.as_ref(), Step::Channel, input);
    let padding = image.map(|pixels| pixels.padding_values());
    let padded = |output: usize| {
        let Some(padding) = padding else { return 0.0 };
        let row = rows.weights[output * inputs * taps..][..inputs * taps].chunks_exact(taps);
        row.zip(padding).map(|(taps, padding)| taps.iter().sum::<f64>() * padding).sum::<f64>()
    };
    let beta = (0..outputs).map(|output| rows.bias[output] + shift[output] + padded(output));
    write(&mut conv.norm.beta, beta.collect());
    let weights = weights.iter().zip(&rows.weights).enumerate().map(|(at, (&weight, row))| {
        let gain = of_row(at);
        if gain == 0.0 { weight } else { row / gain }
    });
    write(&mut conv.weight, weights.collect());
    units
}

fn round_block<B: Backend>(
    block: &mut Block<B>,
    stored: impl Fn(BlockSite) -> Option<f64>,
    mut keep: impl FnMut(BlockSite, Option<Vec<f64>>),
) {
    let attention = &mut block.attention;
    let norm = folding(&block.norm1);
    for (layer, site) in [
        (&mut attention.query, BlockSite::Query),
        (&mut attention.key, BlockSite::Key),
        (&mut attention.value, BlockSite::Value),
    ] {
        keep(site, round_linear(layer, Some(&norm), Step::Channel, stored(BlockSite::Norm1)));
    }
    round_linear(&mut attention.output, None, Step::Channel, stored(BlockSite::Context));
    let Mlp { linear1, depthwise, linear2, .. } = &mut block.mlp;
    let norm = folding(&block.norm2);
    let units = round_linear(linear1, Some(&norm), Step::Channel, stored(BlockSite::Norm2));
    keep(BlockSite::Mlp1, units);
    if let Some(depthwise) = depthwise {
        keep(BlockSite::Depthwise, round_depthwise(depthwise, stored(BlockSite::Mlp1)));
    }
    let units = round_linear(linear2, None, Step::Channel, stored(BlockSite::Gelu));
    keep(BlockSite::Mlp2, units);
}

fn round_depthwise<B: Backend>(layer: &mut Depthwise<B>, input: Option<f64>) -> Option<Vec<f64>> {
    let mut rows = Rows { weights: numbers(&layer.weight), bias: numbers(&layer.bias) };
    let identity = |weights: &mut [f64], change: f64| {
        weights.iter_mut().skip(CENTRE).step_by(TAPS).for_each(|centre| *centre += change);
    };
    identity(&mut rows.weights, 1.0);
    let (mut rows, units) = rows.rounded(None, Step::Channel, input);
    identity(&mut rows.weights, -1.0);
    write(&mut layer.weight, rows.weights);
    write(&mut layer.bias, rows.bias);
    units
}

fn folding<B: Backend>(norm: &LayerNorm<B>) -> Folding {
    let gain = numbers(&norm.gamma);
    let offset = norm.beta.as_ref().map_or_else(|| vec![0.0; gain.len()], numbers);
    Folding { gain, offset }
}

/// `input` is one step of what the layer reads, before its gain.
fn round_linear<B: Backend>(
    layer: &mut Linear<B>,
    folding: Option<&Folding>,
    step: Step,
    input: Option<f64>,
) -> Option<Vec<f64>> {
    let [inputs, outputs] = layer.weight.dims();
    let weights = numbers(&layer.weight);
    let bias = layer.bias.as_ref().map_or_else(|| vec![0.0; outputs], numbers);
    let rows = Rows { weights: transposed(&weights, outputs), bias };
    let (rows, units) = rows.rounded(folding, step, input);
    write(&mut layer.weight, transposed(&rows.weights, inputs));
    if let Some(bias) = &mut layer.bias {
        write(bias, rows.bias);
    }
    units
}

/// Rows of `columns` values to columns.
fn transposed(values: &[f64], columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

fn numbers<B: Backend, const D: usize>(param: &Param<Tensor<B, D>>) -> Vec<f64> {
    values(param.val())
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
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
