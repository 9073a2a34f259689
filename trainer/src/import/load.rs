//! Turns a file of PyTorch weights into a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use burn::tensor::backend::Backend;
use runtime::config::{Preset, VitConfig};

use super::description::Description;
use super::foreign;
use super::names::Naming;
use super::network;
use super::options::Options;
use super::tensors::Tensors;
use crate::checkpoint::Checkpoint;
use crate::note;

/// Name of a network in its checkpoint if no preset has its shape.
const CUSTOM: &str = "custom";

/// Reads PyTorch weights. Standard error says what was left out of the names of the tensors.
///
/// # Errors
/// If the file cannot be read, is not a complete safetensors file, or does not have exactly the
/// tensors of the network. Every message names the file, the tensor, what was found and what to do.
pub fn load<B: Backend>(
    path: &Path,
    options: &Options,
    device: &B::Device,
) -> Result<Checkpoint<B>> {
    let name = path.display();
    ensure!(
        !path.is_dir(),
        "{name} is a directory: give the path of a file such as weights.safetensors"
    );
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read {name}: give the path of a safetensors file"))?;
    let tensors = Tensors::parse(&bytes).with_context(|| format!("cannot import {name}"))?;
    if let Some(removed) = tensors.removed() {
        note!("{name}: the names of its tensors are read without {removed}");
    }
    build(tensors, options, device).with_context(|| format!("cannot import {name}"))
}

/// The network of a whole file.
#[cfg(test)]
pub(super) fn decode<B: Backend>(
    bytes: &[u8],
    options: &Options,
    device: &B::Device,
) -> Result<Checkpoint<B>> {
    build(Tensors::parse(bytes)?, options, device)
}

fn build<B: Backend>(
    tensors: Tensors<'_>,
    options: &Options,
    device: &B::Device,
) -> Result<Checkpoint<B>> {
    let Some(naming) = Naming::detect(tensors.left()) else {
        return Err(foreign::refusal(tensors.left().iter().map(String::as_str)));
    };
    let normalisation = options.normalisation(naming, &tensors)?;
    let (preset, config) = shape(naming, &tensors, options.preset)?;
    let (classes, source) = options.classes(config.classes())?;
    let model = network::network(&config, naming, tensors, device)?;
    Ok(Checkpoint { preset, config, classes, normalisation, source, model, attributes: None })
}

/// Name and description of the network, from the preset or from the metadata of the file.
fn shape(
    naming: Naming,
    tensors: &Tensors<'_>,
    preset: Option<Preset>,
) -> Result<(String, VitConfig)> {
    let description = Description::read(tensors)?;
    let Some(preset) = preset else {
        let description = description.context(
            "its metadata does not describe the shape of the network: give its preset with --preset",
        )?;
        let hidden: &[usize] = if description.flatten() { &[0, 1] } else { &[] };
        let layers = hidden.len() + 1;
        let width = |&layer: &usize| outputs(tensors, &naming.head(layer, layers));
        let hidden = hidden.iter().map(width).collect::<Result<Vec<_>>>()?;
        let classes = outputs(tensors, &naming.head(hidden.len(), layers))?;
        let config = description.config(&hidden, classes)?;
        return Ok((name(&config).to_owned(), config));
    };
    let layers = preset
        .config(2)
        .map_err(|error| anyhow!("preset {}: {error}", preset.name()))?
        .spec()
        .hidden
        .len()
        + 1;
    let classes = outputs(tensors, &naming.head(layers - 1, layers))?;
    let config = preset
        .config(classes)
        .map_err(|error| anyhow!("its head does not make a valid network: {error}"))?;
    if let Some(description) = description {
        description.check(preset.name(), &config)?;
    }
    Ok((preset.name().to_owned(), config))
}

/// Outputs of a linear layer.
fn outputs(tensors: &Tensors<'_>, name: &str) -> Result<u16> {
    let name = format!("{name}.weight");
    let Some(shape) = tensors.shape(&name) else {
        bail!(
            "tensor `{name}` is missing: import with the preset and the names that the weights \
             were trained with"
        );
    };
    let outputs = shape.first().and_then(|&side| u16::try_from(side).ok());
    outputs.with_context(|| {
        format!("tensor `{name}` is {shape:?}, expected [outputs, inputs]: save a linear layer")
    })
}

/// The preset of that shape.
fn name(config: &VitConfig) -> &'static str {
    let same =
        |preset: &Preset| preset.config(config.spec().classes).is_ok_and(|other| other == *config);
    Preset::ALL.into_iter().find(same).map_or(CUSTOM, Preset::name)
}
