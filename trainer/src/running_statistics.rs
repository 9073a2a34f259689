//! The running statistics of batch normalisation, measured anew for weights that were not trained with them.
//!
//! The mean of two networks has other activations than either of them. Their variance is mostly smaller than the mean
//! of both variances, so that the running statistics must be measured.
//!
//! # Source
//! Izmailov et al., *Averaging weights leads to wider optima and better generalization*, 2018, section 3.

use anyhow::Result;
use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Module};
use burn::tensor::{Tensor, TensorData};

use crate::checkpoint;
use crate::data::{Images, Normalisation, batch};
use crate::model::{Stem, Vit};
use ops::HostBackend;
use runtime::config::VitConfig;

/// Images of one batch, as in training.
const BATCH_SIZE: usize = 128;

/// Whether a network has batch normalisation.
pub fn has_any<B: HostBackend>(model: &Vit<B>) -> bool {
    matches!(model.stem, Stem::Conv(_))
}

/// `model` with the running statistics of `images`: for each channel, the mean over the batches of the mean and of the
/// variance of a batch.
///
/// # Errors
/// If the values of the network cannot be copied.
pub fn measured<B: HostBackend>(
    model: &Vit<B>,
    config: &VitConfig,
    images: &Images,
    normalisation: Normalisation,
    device: &B::Device,
) -> Result<Vit<B>> {
    let bytes = checkpoint::model_bytes(model)?;
    let mut model =
        checkpoint::load_model(Vit::<Autodiff<B>>::zeros(config, device), bytes, device)?;
    for (index, batch) in batch::sequential(images, BATCH_SIZE, normalisation).enumerate() {
        // The running value becomes the mean of all batches so far.
        set_momentum(&mut model, 1.0 / (index + 1) as f64);
        let shape = [batch.len, 3, images.height(), images.width()];
        model.forward(Tensor::from_data(TensorData::new(batch.images, shape), device));
    }
    // Only values: the momentum is again that of training.
    Ok(Vit::zeros(config, device).load_record(model.valid().into_record()))
}

fn set_momentum<B: HostBackend>(model: &mut Vit<Autodiff<B>>, momentum: f64) {
    let Stem::Conv(stem) = &mut model.stem else { return };
    for conv in stem.stages.iter_mut().flat_map(|stage| &mut stage.convs) {
        conv.norm.momentum = momentum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Normalisation;
    use crate::model::DropoutRates;
    use burn_flex::Flex;
    use runtime::config::Preset;
    use runtime::site::{ConvSite, SiteId};

    /// Deviations from the mean and the variance that batch normalisation gives its channels at first: 0 and 1.
    fn deviations(model: &Vit<Flex>, images: &Images) -> [f32; 2] {
        let batch = batch::sequential(images, images.len(), Normalisation::CIFAR10).next().unwrap();
        let shape = [batch.len, 3, images.height(), images.width()];
        let input = Tensor::from_data(TensorData::new(batch.images, shape), &Default::default());
        let mut found = [0.0_f32; 2];
        model.forward_observed(input, &mut |site, value| {
            if !matches!(site, SiteId::Stem { at: ConvSite::Linear, .. }) {
                return;
            }
            let channels = value.dims()[2];
            let rows: Tensor<Flex, 2> = value.reshape([-1, channels as i32]);
            let (variance, mean) = rows.var_mean_bias(0);
            for (found, difference) in found.iter_mut().zip([mean, variance - 1.0]) {
                *found = f32::max(*found, difference.abs().max().into_scalar());
            }
        });
        found
    }

    #[test]
    fn every_channel_is_normalised() {
        let config = Preset::Nano.config(10).unwrap();
        let device = Default::default();
        let model = Vit::<Flex>::new(&config, DropoutRates::default(), 1, &device);
        let pixels = (0..32 * 32 * 32 * 3_u64).map(|i| (i * i / 7 % 251) as u8).collect();
        let images = Images::new(32, 32, pixels, vec![0; 32]).unwrap();
        let [_, before] = deviations(&model, &images);
        assert!(before > 0.1, "the first running statistics are others: {before}");
        let model = measured(&model, &config, &images, Normalisation::CIFAR10, &device).unwrap();
        let [mean, variance] = deviations(&model, &images);
        assert!(mean < 1e-2, "a channel has the mean {mean}");
        assert!(variance < 1e-2, "a channel has the variance 1 + {variance}");
    }
}
