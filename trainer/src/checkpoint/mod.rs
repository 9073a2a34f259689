//! `best.mpk`: a trained network with everything that is needed to use it.
//!
//! The file is what burn's `NamedMpkFileRecorder` writes in full or half precision. It can be read
//! without burn: `item.config`, `item.classes` and so on are plain values, and `item.model` is the
//! tree of [`Vit`] with `{bytes, shape, dtype}` for every tensor.

mod pytorch;
mod tensors;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use burn::module::Module;
use burn::record::{
    FullPrecisionSettings, HalfPrecisionSettings, NamedMpkBytesRecorder, PrecisionSettings, Record,
    Recorder,
};
use burn::tensor::backend::Backend;
use runtime::config::{VitConfig, VitSpec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;
use crate::data::{DataSource, Normalisation};
use crate::model::{Vit, VitRecord};
pub(crate) use pytorch::is_pickle;
pub use pytorch::is_pytorch;
use tensors::Tree;

/// Version of the layout that is written, and the only one that is read.
pub const FORMAT_VERSION: u32 = 1;

type FileRecorder = NamedMpkBytesRecorder<FullPrecisionSettings>;
type HalfRecorder = NamedMpkBytesRecorder<HalfPrecisionSettings>;

/// Size of the numbers in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// f32; a run writes it.
    Full,
    /// f16, half the size, for storage or sharing.
    Half,
}

/// A trained network with everything that is needed to use it.
#[derive(Debug)]
pub struct Checkpoint<B: Backend> {
    /// Name of the preset it was built from.
    pub preset: String,
    /// Its shapes.
    pub config: VitConfig,
    /// Name of every class; a logit's index is an index into this list.
    pub classes: Vec<String>,
    /// Mean and standard deviation by which pixels become the network's input.
    pub normalisation: Normalisation,
    /// Kind of the images that it was trained on.
    pub source: DataSource,
    /// The network itself.
    pub model: Vit<B>,
    /// Attributes that were added to it.
    pub attributes: Option<Attributes>,
}

/// The stored form of a [`Checkpoint`].
#[derive(Record)]
struct CheckpointRecord<B: Backend> {
    format_version: u32,
    preset: String,
    config: Plain<VitSpec>,
    classes: Vec<String>,
    normalisation: Plain<Normalisation>,
    source: Plain<DataSource>,
    model: VitRecord<B>,
    /// Checkpoints of the first versions lack this field. It is then read as `None`.
    attributes: Plain<Option<Attributes>>,
}

/// A value without tensors, stored in the form that its `Serialize` gives.
#[derive(Clone)]
struct Plain<T>(T);

/// The version of a checkpoint, read before the other fields, whose types depend on it.
#[derive(Deserialize)]
struct Versioned {
    item: Version,
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// A checkpoint with the paths and shapes of its tensors, but without their values.
#[derive(Deserialize)]
struct Listed {
    item: ListedItem,
}

#[derive(Deserialize)]
struct ListedItem {
    config: VitSpec,
    classes: Vec<String>,
    normalisation: Normalisation,
    model: Tree,
}

/// Writes a checkpoint to `path` in full precision. It replaces the file atomically.
///
/// # Errors
/// If the directory cannot be written to.
pub fn save<B: Backend>(path: &Path, checkpoint: &Checkpoint<B>) -> Result<()> {
    save_as(path, checkpoint, Precision::Full)
}

/// Writes a checkpoint to `path`. It replaces the file atomically.
///
/// # Errors
/// If the directory cannot be written to, or a value is too large for half precision.
pub fn save_as<B: Backend>(
    path: &Path,
    checkpoint: &Checkpoint<B>,
    precision: Precision,
) -> Result<()> {
    let record = CheckpointRecord::<B> {
        format_version: FORMAT_VERSION,
        preset: checkpoint.preset.clone(),
        config: Plain(checkpoint.config.spec().clone()),
        classes: checkpoint.classes.clone(),
        normalisation: Plain(checkpoint.normalisation),
        source: Plain(checkpoint.source),
        model: checkpoint.model.clone().into_record(),
        attributes: Plain(checkpoint.attributes.clone()),
    };
    let bytes = match precision {
        Precision::Full => Recorder::<B>::record(&FileRecorder::default(), record, ()),
        Precision::Half => Recorder::<B>::record(&HalfRecorder::default(), record, ()),
    };
    let mut bytes = bytes.with_context(|| format!("cannot encode {}", path.display()))?;
    if precision == Precision::Half {
        let listed = parse::<B, Listed>(&mut bytes)?.item;
        listed.model.check(&checkpoint.model).context("half precision cannot hold the network")?;
    }
    output::write(path, &bytes)
}

/// Reads a checkpoint. Everything is checked before a network is built from it.
///
/// # Errors
/// If the file cannot be read or is incomplete. If it is not a checkpoint of this trainer, or has another
/// version. If it describes a network that cannot exist, or its tensors do not belong to the network. Every
/// message names the file.
pub fn load<B: Backend>(path: &Path, device: &B::Device) -> Result<Checkpoint<B>> {
    let name = path.display();
    ensure!(
        !path.is_dir(),
        "{name} is a directory: give the path of a checkpoint such as best.mpk"
    );
    let bytes = std::fs::read(path).with_context(|| {
        format!("cannot read {name}: give the path of a checkpoint; `trainer` writes one")
    })?;
    ensure!(
        !pytorch::begins(&bytes),
        "{name} holds PyTorch weights: make a checkpoint of them with `export import`"
    );
    decode(bytes, device)
        .with_context(|| format!("cannot use {name}: train the network again with `trainer`"))
}

/// The parameters of a network alone, as a burn record.
pub(crate) fn model_bytes<B: Backend>(model: &Vit<B>) -> Result<Vec<u8>> {
    let record = model.clone().into_record();
    Recorder::<B>::record(&FileRecorder::default(), record, ()).context("cannot encode a network")
}

/// Puts parameters into `model`. [`model_bytes`] wrote them for a network with the same shapes.
pub(crate) fn load_model<B: Backend>(
    model: Vit<B>,
    bytes: Vec<u8>,
    device: &B::Device,
) -> Result<Vit<B>> {
    let record = Recorder::<B>::load(&FileRecorder::default(), bytes, device)?;
    Ok(model.load_record(record))
}

/// As [`load`], from the bytes of a file.
pub(crate) fn decode<B: Backend>(mut bytes: Vec<u8>, device: &B::Device) -> Result<Checkpoint<B>> {
    let foreign = "it is not a checkpoint of this trainer, or it is incomplete";
    let version = parse::<B, Versioned>(&mut bytes).context(foreign)?.item.format_version;
    ensure!(
        version == FORMAT_VERSION,
        "its format has version {version}, but this trainer reads version {FORMAT_VERSION}"
    );
    let listed = parse::<B, Listed>(&mut bytes).context(foreign)?.item;
    let config = VitConfig::new(listed.config)
        .map_err(|error| anyhow::anyhow!("it describes a network that cannot exist: {error}"))?;
    check_classes(&listed.classes, &config)?;
    check_normalisation(listed.normalisation)?;
    let model = Vit::<B>::zeros(&config, device);
    listed.model.check(&model)?;

    let recorder = FileRecorder::default();
    let record: CheckpointRecord<B> =
        Recorder::<B>::load(&recorder, bytes, device).context(foreign)?;
    let attributes = record.attributes.0;
    if let Some(attributes) = &attributes {
        attributes.check(&config)?;
    }
    Ok(Checkpoint {
        preset: record.preset,
        config,
        classes: record.classes,
        normalisation: record.normalisation.0,
        source: record.source.0,
        model: model.load_record(record.model),
        attributes,
    })
}

fn parse<B: Backend, T: DeserializeOwned>(bytes: &mut Vec<u8>) -> Result<T> {
    Ok(Recorder::<B>::load_item(&FileRecorder::default(), bytes)?)
}

fn check_classes(classes: &[String], config: &VitConfig) -> Result<()> {
    ensure!(
        classes.len() == config.classes(),
        "it names {} classes, but its network has {}",
        classes.len(),
        config.classes()
    );
    Ok(())
}

fn check_normalisation(normalisation: Normalisation) -> Result<()> {
    let Normalisation { mean, std } = normalisation;
    if !mean.iter().chain(&std).all(|value| value.is_finite()) || std.iter().any(|&std| std <= 0.0)
    {
        bail!("its normalisation is not valid: mean {mean:?}, standard deviation {std:?}");
    }
    Ok(())
}

impl<B: Backend, T> Record<B> for Plain<T>
where
    T: Clone + Send + Serialize + DeserializeOwned,
{
    type Item<S: PrecisionSettings> = T;

    fn into_item<S: PrecisionSettings>(self) -> T {
        self.0
    }

    fn from_item<S: PrecisionSettings>(item: T, _device: &B::Device) -> Self {
        Self(item)
    }
}

#[cfg(test)]
mod tests;
