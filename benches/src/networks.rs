//! Whole networks with seeded weights, float and int8, and an image for them.
//!
//! Times do not depend on the values of weights, so no trained record is needed.

use anyhow::Result;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use export::record::FloatModel;
use runtime::config::Preset;
use trainer::data::{self, DataSource, Images, Normalisation, batch};
use trainer::model::{DropoutRates, Vit};
use trainer::ops::VitBackend;
use trainer::record::Checkpoint;

/// Seed of every network here.
const SEED: u64 = 1;

/// One network in both forms.
pub struct Network {
    /// Its name.
    pub preset: Preset,
    /// Its int8 blob.
    pub blob: Vec<u8>,
}

impl Network {
    /// Quantizes a preset with seeded weights on the first 16 built-in training images.
    ///
    /// # Errors
    /// If the built-in images do not decode or the network does not quantize.
    pub fn new(preset: Preset) -> Result<Self> {
        let data = data::embedded()?;
        let config = preset.config(10)?;
        let model = FloatModel::new(Checkpoint {
            preset: preset.name().to_owned(),
            model: Vit::new(&config, DropoutRates::default(), SEED, &Default::default()),
            config,
            classes: data.classes,
            normalisation: Normalisation::CIFAR10,
            source: DataSource::Cifar10,
        });
        let blob = export::quantize(&model, &data.train.take(16), |_| {})?.blob;
        Ok(Self { preset, blob })
    }

    /// The same network in float, on a backend of burn.
    ///
    /// # Errors
    /// If the preset has no configuration for ten classes.
    pub fn float<B: VitBackend>(&self, device: &B::Device) -> Result<Vit<B>> {
        Ok(Vit::new(&self.preset.config(10)?, DropoutRates::default(), SEED, device))
    }
}

/// The first built-in test image.
///
/// # Errors
/// If the built-in images do not decode.
pub fn image() -> Result<Images> {
    Ok(data::embedded()?.test.take(1))
}

/// An image as the float network reads it, `[1, 3, height, width]`.
///
/// # Panics
/// If `image` holds no image.
pub fn tensor<B: Backend>(image: &Images, device: &B::Device) -> Tensor<B, 4> {
    let batch = batch::sequential(image, 1, Normalisation::CIFAR10).next();
    let batch = batch.expect("one image");
    let shape = [batch.len, 3, image.height(), image.width()];
    Tensor::from_data(TensorData::new(batch.images, shape), device)
}
