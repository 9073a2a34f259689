//! PyTorch weights in: a safetensors file to a record that can be exported like a trained one.
//!
//! The tensors are those of a PyTorch `state_dict` in f16, bf16 or f32: linear layers
//! `[outputs, inputs]`, convolutions `[outputs, inputs, row, column]`, batch normalisations not
//! folded (`weight`, `bias`, `running_mean`, `running_var`). Each module has a `.weight` and a
//! `.bias`; convolutions of the stem have no bias. There are two namings, told apart by where the
//! blocks are:
//!
//! | module | `bl` | `blocks` |
//! |---|---|---|
//! | convolution of stem stage `s`, its batch normalisation | `tok.s.0`, `tok.s.1` | likewise |
//! | convolution `c` of residual stem stage `s`, likewise | `tok.s.m.c.0`, `tok.s.m.c.1` | likewise |
//! | patch layer, values of a patch in order row, column, channel | `emb` | likewise |
//! | position `[1, tokens, dim]`, a bare tensor | `pos` | likewise |
//! | normalisations of block `b` | `bl.b.n1`, `bl.b.n2` | `blocks.b.n1`, `blocks.b.n2` |
//! | query, key and value | `bl.b.at.qkv`, rows in this order | `blocks.b.a.q`, `.a.k`, `.a.v` |
//! | output projection | `bl.b.at.o` | `blocks.b.a.o` |
//! | both layers of the MLP | `bl.b.f.a`, `bl.b.f.b` | `blocks.b.f1`, `blocks.b.f2` |
//! | depthwise convolution of the MLP | `bl.b.f.dw` | `blocks.b.dw` |
//! | last normalisation | `n` | `nf` |
//! | class head | `head` | `h3` |
//! | class head with hidden layers | `head.0`, `head.1` … | `h1`, `h2`, `h3` |
//!
//! The file's own metadata may say more, all as text: `mean` and `std` (three numbers, separated by
//! commas) and, for a plain transformer on square images, its shape: `T` tokens, `P` values of a
//! patch, `D` dim, `L` depth, `H` heads, `dh` head width, `M` MLP width, `gelu2` (`True` or
//! `False`), `head` (`mean` or `flat`).

mod cli;
mod description;
mod names;
mod network;
mod options;
mod tensors;

pub use cli::{ImportArgs, preset_parser};
pub use options::Options;

use crate::record::Backend;
use anyhow::{Context, Result, anyhow, bail, ensure};
use description::Description;
use names::Naming;
use runtime::config::{Preset, VitConfig};
use std::path::Path;
use tensors::Tensors;
use trainer::record::Checkpoint;

/// What a network is called in its record when no preset has its shape.
const CUSTOM: &str = "custom";

/// Reads PyTorch weights.
///
/// # Errors
/// If the file cannot be read, is no whole safetensors file, or its tensors are not exactly those
/// of the network. Every message names the file, the tensor, what was found and what to do.
pub fn load(path: &Path, options: &Options) -> Result<Checkpoint<Backend>> {
    let name = path.display();
    ensure!(
        !path.is_dir(),
        "{name} is a directory: give the path of a file such as weights.safetensors"
    );
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read {name}: give the path of a safetensors file"))?;
    decode(&bytes, options).with_context(|| format!("cannot import {name}"))
}

fn decode(bytes: &[u8], options: &Options) -> Result<Checkpoint<Backend>> {
    let tensors = Tensors::parse(bytes)?;
    let Some(naming) = Naming::detect(tensors.left()) else {
        bail!(
            "none of its {} tensors is called `bl.…` or `blocks.…`: rename them as `export import \
             --help` lists",
            tensors.left().len()
        );
    };
    let normalisation = options.normalisation(naming, &tensors)?;
    let (preset, config) = shape(naming, &tensors, options.preset)?;
    let (classes, source) = options.classes(config.classes())?;
    let model = network::network(&config, naming, tensors)?;
    Ok(Checkpoint { preset, config, classes, normalisation, source, model })
}

/// Name and description of the network: the preset's, or what the file says of itself.
fn shape(
    naming: Naming,
    tensors: &Tensors<'_>,
    preset: Option<Preset>,
) -> Result<(String, VitConfig)> {
    let description = Description::read(tensors)?;
    let Some(preset) = preset else {
        let description = description.context(
            "its metadata does not describe its shape: say which preset it is with --preset",
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
        .map_err(|error| anyhow!("its head cannot be that of a network: {error}"))?;
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

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
