//! From a record to plain numbers, and the float forward pass: with `import::network` all that sees
//! burn here.

use crate::float::{FloatBlock, FloatConv, FloatLinear, FloatNet, FloatNorm};
use anyhow::{Context, Result, bail};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use runtime::config::VitConfig;
use runtime::site::SiteId;
use std::path::Path;
use trainer::data::{DataSource, Images, batch};
use trainer::model::{BATCH_NORM_EPSILON, Block, ConvNorm, Depthwise, Stem};
use trainer::ops::FakeQuant;
use trainer::quantize::Simulation;
use trainer::record::{self, Checkpoint};

/// The backend of the float pass: the fastest of burn's on a CPU.
pub type Backend = Flex;

/// Puts another value in the place of a site's.
type Replace<'a> = dyn FnMut(SiteId, Tensor<Backend, 3>) -> Tensor<Backend, 3> + 'a;

/// Images of one float forward pass.
const BATCH: usize = 50;

/// A loaded record.
pub struct FloatModel {
    checkpoint: Checkpoint<Backend>,
}

impl FloatModel {
    /// Reads and checks a record.
    ///
    /// # Errors
    /// As [`trainer::record::load`].
    pub fn load(path: &Path) -> Result<Self> {
        let checkpoint = record::load::<Backend>(path, &Default::default())?;
        Ok(Self { checkpoint })
    }

    /// A network that is in memory already.
    pub const fn new(checkpoint: Checkpoint<Backend>) -> Self {
        Self { checkpoint }
    }

    /// Its geometry.
    pub const fn config(&self) -> &VitConfig {
        &self.checkpoint.config
    }

    /// Name of the preset it was built from.
    pub fn preset(&self) -> &str {
        &self.checkpoint.preset
    }

    /// Name of every class.
    pub fn classes(&self) -> &[String] {
        &self.checkpoint.classes
    }

    /// What it was trained on.
    pub const fn source(&self) -> DataSource {
        self.checkpoint.source
    }

    /// The class with the largest logit for each image; `progress` counts images.
    ///
    /// # Errors
    /// If the images have another size than the network's input.
    pub fn classify(&self, images: &Images, progress: impl Fn(usize)) -> Result<Vec<usize>> {
        let mut classes = Vec::with_capacity(images.len());
        for (batch, len) in self.batches(images)? {
            let logits = self.checkpoint.model.forward(batch);
            let logits = floats(logits)?;
            for row in logits.chunks_exact(self.config().classes()) {
                classes.push(argmax(row));
            }
            progress(len);
        }
        Ok(classes)
    }

    /// Shows every site's values, `[images, positions, channels]` with the number of channels, batch
    /// by batch; `progress` counts images.
    ///
    /// # Errors
    /// If the images have another size than the network's input.
    pub fn observe(
        &self,
        images: &Images,
        mut observer: impl FnMut(SiteId, &[f32], usize),
        progress: impl Fn(usize),
    ) -> Result<()> {
        for (batch, len) in self.batches(images)? {
            let mut failed = None;
            self.checkpoint.model.forward_observed(batch, &mut |site, values| {
                let [_, _, channels] = values.dims();
                match floats(values) {
                    Ok(values) => observer(site, &values, channels),
                    Err(error) => failed = Some(error),
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            progress(len);
        }
        Ok(())
    }

    /// The logits, image after image, of a pass that goes on at each site with what `replace` makes
    /// of its values, as many as there were; `progress` counts images.
    ///
    /// # Errors
    /// If the images have another size than the network's input.
    pub fn replaced(
        &self,
        images: &Images,
        replace: impl Fn(SiteId, &mut Vec<f32>),
        progress: impl Fn(usize),
    ) -> Result<Vec<f32>> {
        let model = &self.checkpoint.model;
        let forward = |batch, replace: &mut Replace<'_>| model.forward_replaced(batch, replace);
        self.pass(images, forward, &mut |site, values| replace(site, values), progress)
    }

    fn pass(
        &self,
        images: &Images,
        forward: impl Fn(Tensor<Backend, 4>, &mut Replace<'_>) -> Tensor<Backend, 2>,
        replace: &mut dyn FnMut(SiteId, &mut Vec<f32>),
        progress: impl Fn(usize),
    ) -> Result<Vec<f32>> {
        let mut logits = Vec::with_capacity(images.len() * self.config().classes());
        for (batch, len) in self.batches(images)? {
            let mut failed = None;
            let found = forward(batch, &mut |site, value| {
                let (dims, device) = (value.dims(), value.device());
                match floats(value.clone()) {
                    Ok(mut values) => {
                        replace(site, &mut values);
                        Tensor::from_data(TensorData::new(values, dims), &device)
                    }
                    Err(error) => {
                        failed = Some(error);
                        value
                    }
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            logits.extend(floats(found)?);
            progress(len);
        }
        Ok(logits)
    }

    /// As [`replaced`](Self::replaced), of the network with its weights rounded and `sites` as eight bits
    /// store them; `replace` gets what is stored at each site.
    ///
    /// # Errors
    /// If the images have another size than the network's input.
    pub fn simulate(
        &self,
        sites: impl IntoIterator<Item = (SiteId, FakeQuant)>,
        images: &Images,
        mut replace: impl FnMut(SiteId, &mut Vec<f32>),
    ) -> Result<Vec<f32>> {
        let Checkpoint { model, normalisation, .. } = &self.checkpoint;
        let simulation = Simulation::new(sites, *normalisation);
        let stored = simulation.store(model);
        let forward = |batch, replace: &mut Replace<'_>| stored.forward_replaced(batch, replace);
        self.pass(images, forward, &mut replace, |_| {})
    }

    /// The weights, batch normalisation folded.
    ///
    /// # Errors
    /// If a weight is not finite.
    pub fn weights(&self) -> Result<FloatNet> {
        let Checkpoint { config, classes, normalisation, model, .. } = &self.checkpoint;
        let (convs, patch) = match &model.stem {
            Stem::Patches(patch) => (Vec::new(), Some(linear(&patch.linear)?)),
            Stem::Conv(stem) => {
                let convs = stem.stages.iter().flat_map(|stage| &stage.convs);
                (convs.map(conv).collect::<Result<_>>()?, None)
            }
        };
        let net = FloatNet {
            config: config.clone(),
            classes: classes.clone(),
            mean: normalisation.mean.map(f64::from),
            std: normalisation.std.map(f64::from),
            convs,
            patch,
            position: values(model.position.val())?,
            blocks: model.blocks.iter().map(block).collect::<Result<_>>()?,
            norm: norm(&model.norm)?,
            head: model.head.layers.iter().map(linear).collect::<Result<_>>()?,
        };
        check_convs(&net)?;
        Ok(net)
    }

    /// Normalised batches with the number of images in each.
    fn batches(
        &self,
        images: &Images,
    ) -> Result<impl Iterator<Item = (Tensor<Backend, 4>, usize)> + use<>> {
        let image = self.config().image();
        if (images.height(), images.width()) != (image.height, image.width) {
            bail!(
                "the images are {} x {} pixels, the network reads {} x {}",
                images.height(),
                images.width(),
                image.height,
                image.width
            );
        }
        let normalisation = self.checkpoint.normalisation;
        let batches: Vec<_> = batch::sequential(images, BATCH, normalisation).collect();
        Ok(batches.into_iter().map(move |batch| {
            let shape = [batch.len, image.channels, image.height, image.width];
            let data = TensorData::new(batch.images, shape);
            (Tensor::from_data(data, &Default::default()), batch.len)
        }))
    }
}

/// The index of the largest value, the first of equals.
pub(crate) fn argmax(row: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, &value) in row.iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

fn floats<const D: usize>(tensor: Tensor<Backend, D>) -> Result<Vec<f32>> {
    match tensor.into_data().into_vec::<f32>() {
        Ok(values) => Ok(values),
        Err(error) => bail!("a tensor of the float pass cannot be read: {error:?}"),
    }
}

fn values<const D: usize>(tensor: Tensor<Backend, D>) -> Result<Vec<f64>> {
    let values = floats(tensor)?;
    if let Some(bad) = values.iter().find(|value| !value.is_finite()) {
        bail!("the record holds the weight {bad}: its training diverged, train it again");
    }
    Ok(values.into_iter().map(f64::from).collect())
}

/// burn keeps `[inputs, outputs]`.
fn linear(layer: &Linear<Backend>) -> Result<FloatLinear> {
    let weights = values(layer.weight.val().transpose())?;
    let bias = layer.bias.as_ref().context("a linear layer of the record has no bias")?;
    Ok(FloatLinear { weights, bias: values(bias.val())? })
}

fn norm(norm: &LayerNorm<Backend>) -> Result<FloatNorm> {
    let gamma = values(norm.gamma.val())?;
    let beta = match &norm.beta {
        Some(beta) => values(beta.val())?,
        None => vec![0.0; gamma.len()],
    };
    Ok(FloatNorm { gamma, beta })
}

/// `[outputs, inputs, row, column]` to `[outputs, row, column, inputs]`, normalisation folded.
fn conv(conv: &ConvNorm<Backend>) -> Result<FloatConv> {
    let weights = values(conv.weight.val().permute([0, 2, 3, 1]))?;
    let mean = values(conv.norm.running_mean.value())?;
    let variance = values(conv.norm.running_var.value())?;
    let gamma = values(conv.norm.gamma.val())?;
    let beta = values(conv.norm.beta.val())?;
    let deviation = variance.iter().map(|variance| (variance + BATCH_NORM_EPSILON).sqrt());
    let gain: Vec<f64> = gamma.iter().zip(deviation).map(|(gamma, std)| gamma / std).collect();
    let offset: Vec<f64> =
        beta.iter().zip(&mean).zip(&gain).map(|((beta, mean), gain)| beta - mean * gain).collect();
    let bias = vec![0.0; gain.len()];
    Ok(FloatConv { weights, bias }.scale_outputs(&gain, &offset))
}

fn depthwise(layer: &Depthwise<Backend>) -> Result<FloatLinear> {
    Ok(FloatLinear { weights: values(layer.weight.val())?, bias: values(layer.bias.val())? })
}

fn block(block: &Block<Backend>) -> Result<FloatBlock> {
    let attention = &block.attention;
    Ok(FloatBlock {
        norm1: norm(&block.norm1)?,
        qkv: [linear(&attention.query)?, linear(&attention.key)?, linear(&attention.value)?],
        project: linear(&attention.output)?,
        norm2: norm(&block.norm2)?,
        mlp1: linear(&block.mlp.linear1)?,
        depthwise: block.mlp.depthwise.as_ref().map(depthwise).transpose()?,
        mlp2: linear(&block.mlp.linear2)?,
    })
}

/// The record's reader compares tensors with the description; this pairs them with its stages.
fn check_convs(net: &FloatNet) -> Result<()> {
    let expected = net.config.stem_convs().count();
    if net.convs.len() != expected {
        bail!("the record has {} convolutions, its description {expected}", net.convs.len());
    }
    Ok(())
}
