//! Networks for the benchmarks in float, int8 and f16, with random weights from a seed, and an image as
//! their input.
//!
//! Times do not depend on the values of weights, so no trained checkpoint is needed.

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
/// Number of images to calibrate on. A few are enough, because times do not depend on scales.
const CALIBRATION_IMAGES: usize = 4;

/// The blobs of a network.
pub struct Network {
    /// The description of the network.
    pub preset: Preset,
    /// Its int8 blob.
    pub int8: Vec<u8>,
    /// Its blob with f16 weights.
    pub f16: Vec<u8>,
}

/// All presets for images of CIFAR-10. Presets for larger images run the same kernels. Without the argument
/// `--bench`, the benchmarks run as tests. Then `seed` is left out, because its 72 million parameters take
/// longer to prepare than all other presets together.
pub fn presets() -> Vec<Preset> {
    let timed = std::env::args().any(|argument| argument == "--bench");
    let small = |preset: &Preset| {
        preset.config(2).is_ok_and(|config| config.spec().image == data::CIFAR10_SIZE)
    };
    let chosen = |preset: &Preset| small(preset) && (timed || *preset != Preset::Seed);
    Preset::ALL.into_iter().filter(chosen).collect()
}

impl Network {
    /// Gives a preset random weights and makes its blobs. The first built-in training images calibrate them.
    ///
    /// # Errors
    /// If the built-in images cannot be decoded, or the network cannot be quantized.
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
            attributes: None,
        });
        // The fastest method: the time of a run does not depend on the choice of scales.
        let method = Method { observer: Observer::MinMax, correct_biases: false };
        let images = data.train.take(CALIBRATION_IMAGES);
        let int8 = export::quantize(&model, &images, method, unwatched)?.1.blob;
        let f16 = export::assemble::assemble_f16(&model.weights()?)?;
        Ok(Self { preset, int8, f16 })
    }

    /// The same network in float, with `image` as its input.
    ///
    /// # Errors
    /// If the preset has no configuration for ten classes.
    pub fn float(&self, image: &Images) -> Result<FloatNetwork> {
        let device = Default::default();
        let model = Vit::new(&self.preset.config(10)?, DropoutRates::default(), SEED, &device);
        Ok(FloatNetwork::new(model, image, Normalisation::CIFAR10))
    }
}

/// A network in float on burn-ndarray, and an image for it.
///
/// The backend is fixed. If it were generic, every benchmark would compile burn's code again.
pub struct FloatNetwork {
    model: Vit<NdArray>,
    input: Tensor<NdArray, 4>,
}

impl FloatNetwork {
    /// A network with the first of `images` as its input.
    pub fn new(model: Vit<NdArray>, images: &Images, normalisation: Normalisation) -> Self {
        Self { model, input: tensor(images, normalisation) }
    }

    /// Runs the network and returns the logits.
    pub fn run(&self) -> TensorData {
        self.model.forward(self.input.clone()).into_data()
    }

    /// Runs the network, and calls `see` with each site when its values are computed.
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

/// The first image as the input of the float network, `[1, 3, height, width]`, normalised.
fn tensor(images: &Images, normalisation: Normalisation) -> Tensor<NdArray, 4> {
    let batch = batch::sequential(images, 1, normalisation).next();
    let batch = batch.expect("one image");
    let shape = [batch.len, 3, images.height(), images.width()];
    Tensor::from_data(TensorData::new(batch.images, shape), &Default::default())
}
