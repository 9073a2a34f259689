//! Whole networks with seeded weights, float and int8, and an image for them.
//!
//! Times do not depend on the values of weights, so no trained record is needed.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use burn_ndarray::NdArray;
use export::calibrate::Observer;
use export::float::FloatModel;
use export::{Method, unwatched};
use runtime::config::Preset;
use runtime::site::SiteId;
use trainer::checkpoint::Checkpoint;
use trainer::data::{self, DataSource, Images, Normalisation, batch};
use trainer::model::{DropoutRates, Vit};

/// Seed of every network here.
const SEED: u64 = 1;
/// Times do not depend on scales either.
const CALIBRATION_IMAGES: usize = 4;

/// One network in both forms.
pub struct Network {
    /// Its name.
    pub preset: Preset,
    /// Its int8 blob.
    pub int8: Vec<u8>,
    /// Its blob with f16 weights.
    pub f16: Vec<u8>,
}

/// All presets; without `seed` where benchmarks run as tests, because its 72 million parameters
/// take longer to prepare than all else.
pub fn presets() -> Vec<Preset> {
    let timed = std::env::args().any(|argument| argument == "--bench");
    let chosen = |preset: &Preset| timed || *preset != Preset::Seed;
    Preset::ALL.into_iter().filter(chosen).collect()
}

impl Network {
    /// Quantizes a preset with seeded weights on the first built-in training images.
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
        // What a blob costs to run does not depend on its numbers.
        let method = Method { observer: Observer::MinMax, correct_biases: false };
        let images = data.train.take(CALIBRATION_IMAGES);
        let int8 = export::quantize(&model, &images, method, unwatched)?.1.blob;
        let f16 = export::assemble::assemble_f16(&model.weights()?)?;
        Ok(Self { preset, int8, f16 })
    }

    /// The same network in float with the image that it runs.
    ///
    /// # Errors
    /// If the preset has no configuration for ten classes.
    pub fn float(&self, image: &Images) -> Result<FloatNetwork> {
        let device = Default::default();
        let model = Vit::new(&self.preset.config(10)?, DropoutRates::default(), SEED, &device);
        Ok(FloatNetwork { model, input: tensor(image) })
    }
}

/// A network in float on burn-ndarray, and an image for it.
///
/// Not generic over the backend: burn's code would be compiled anew in every benchmark.
pub struct FloatNetwork {
    model: Vit<NdArray>,
    input: Tensor<NdArray, 4>,
}

impl FloatNetwork {
    /// The logits.
    pub fn run(&self) -> TensorData {
        self.model.forward(self.input.clone()).into_data()
    }

    /// Reports every site as soon as its values are there.
    pub fn observe(&self, see: &mut dyn FnMut(SiteId)) {
        self.model.forward_observed(self.input.clone(), &mut |site, _| see(site));
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
fn tensor(image: &Images) -> Tensor<NdArray, 4> {
    let batch = batch::sequential(image, 1, Normalisation::CIFAR10).next();
    let batch = batch.expect("one image");
    let shape = [batch.len, 3, image.height(), image.width()];
    Tensor::from_data(TensorData::new(batch.images, shape), &Default::default())
}
