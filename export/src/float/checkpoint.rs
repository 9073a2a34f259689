//! From a checkpoint to plain numbers, and the float forward pass. No other file of this crate uses burn.

use super::net::{FloatBlock, FloatNet};
use anyhow::{Result, bail};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use burn_flex::Flex;
use ops::FakeQuant;
use runtime::config::VitConfig;
use runtime::site::SiteId;
use std::path::Path;
use trainer::attributes::Attributes;
use trainer::checkpoint::{self, Checkpoint};
use trainer::data::{DataSource, Images, batch};
use trainer::evidence::{self, Maps};
use trainer::model::{Block, Stem, Vit};
use trainer::quantize::{Simulation, conv_norm, depthwise, layer_norm, linear};

/// The backend of the float pass: the fastest of burn's on a CPU.
pub type Backend = Flex;

/// Replaces the value of a site.
type Replace<'a> = dyn FnMut(SiteId, Tensor<Backend, 3>) -> Tensor<Backend, 3> + 'a;

/// Images of one float forward pass.
const BATCH: usize = 50;

/// A loaded checkpoint.
pub struct FloatModel {
    checkpoint: Checkpoint<Backend>,
}

impl FloatModel {
    /// Reads and checks a checkpoint.
    ///
    /// # Errors
    /// As [`trainer::checkpoint::load`].
    pub fn load(path: &Path) -> Result<Self> {
        let checkpoint = checkpoint::load::<Backend>(path, &Default::default())?;
        Ok(Self { checkpoint })
    }

    /// A network that is already in memory.
    pub const fn new(checkpoint: Checkpoint<Backend>) -> Self {
        Self { checkpoint }
    }

    /// The checked description of the network.
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

    /// The attributes that were added to the network.
    pub const fn attributes(&self) -> Option<&Attributes> {
        self.checkpoint.attributes.as_ref()
    }

    /// The same network without its attributes.
    #[must_use]
    pub fn without_attributes(mut self) -> Self {
        self.checkpoint.attributes = None;
        self
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

    /// The evidence of each token for `classes[i]` in image `i`, with attention only within `parts` of the tokens if they
    /// are given. `None` if the network has no evidence.
    ///
    /// # Errors
    /// If the images have another size than the network's input.
    pub fn evidence(
        &self,
        images: &Images,
        classes: &[usize],
        parts: Option<&[Vec<usize>]>,
    ) -> Result<Option<Maps>> {
        self.check_size(images)?;
        let Checkpoint { model, config, normalisation, .. } = &self.checkpoint;
        let (network, device) = ((model, config), Default::default());
        Ok(match parts {
            None => evidence::evidence(network, images, classes, *normalisation, &device),
            Some(parts) => {
                evidence::masked_evidence(network, images, classes, *normalisation, &device, parts)
            }
        })
    }

    /// Calls `observer` for every site of every batch with the values, `[images, positions, channels]`,
    /// and the number of channels; `progress` counts images.
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

    /// The logits, image after image, of a pass in which `replace` may change the values of each site,
    /// but not their number; `progress` counts images.
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

    /// As [`replaced`](Self::replaced), with rounded weights and with the values of `sites` rounded as
    /// the blob stores them; `replace` gets the rounded values.
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

    /// The weights, with batch normalisations folded in.
    ///
    /// # Errors
    /// If a weight is not finite.
    pub fn weights(&self) -> Result<FloatNet> {
        let Checkpoint { config, classes, normalisation, model, attributes, .. } = &self.checkpoint;
        check_finite(model)?;
        let (convs, patch) = match &model.stem {
            Stem::Patches(patch) => (Vec::new(), Some(linear(&patch.linear))),
            Stem::Conv(stem) => {
                let convs = stem.stages.iter().flat_map(|stage| &stage.convs);
                (convs.map(conv_norm).collect(), None)
            }
        };
        let position = floats(model.position.val())?;
        Ok(FloatNet {
            config: config.clone(),
            classes: classes.clone(),
            normalisation: *normalisation,
            convs,
            patch,
            position: position.into_iter().map(f64::from).collect(),
            blocks: model.blocks.iter().map(block).collect(),
            norm: layer_norm(&model.norm),
            head: model.head.layers.iter().map(linear).collect(),
            attributes: attributes.clone(),
        })
    }

    /// Refuses images of another size than the network's input.
    fn check_size(&self, images: &Images) -> Result<()> {
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
        Ok(())
    }

    /// Normalised batches with the number of images in each.
    fn batches(
        &self,
        images: &Images,
    ) -> Result<impl Iterator<Item = (Tensor<Backend, 4>, usize)> + use<>> {
        self.check_size(images)?;
        let image = self.config().image();
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

/// Refuses values that are not finite, also in the statistics of normalisations.
fn check_finite(model: &Vit<Backend>) -> Result<()> {
    let mut finite = Finite { checked: Ok(()) };
    model.visit(&mut finite);
    finite.checked
}

/// Whether all values so far were finite.
struct Finite {
    checked: Result<()>,
}

impl ModuleVisitor<Backend> for Finite {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Backend, D>>) {
        let checked = std::mem::replace(&mut self.checked, Ok(()));
        self.checked = checked.and_then(|()| {
            let values = floats(param.val())?;
            let bad = values.iter().find(|value| !value.is_finite());
            bad.map_or(Ok(()), |bad| {
                bail!(
                    "the checkpoint holds the weight {bad}: its training diverged, train it again"
                )
            })
        });
    }
}

fn block(block: &Block<Backend>) -> FloatBlock {
    let Block { attention, mlp, .. } = block;
    FloatBlock {
        norm1: layer_norm(&block.norm1),
        qkv: [&attention.query, &attention.key, &attention.value].map(linear),
        project: linear(&attention.output),
        norm2: layer_norm(&block.norm2),
        mlp1: linear(&mlp.linear1),
        depthwise: mlp.depthwise.as_ref().map(depthwise),
        mlp2: linear(&mlp.linear2),
    }
}
