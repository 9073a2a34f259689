//! How a network is trained: every number that is chosen and not learned.

use anyhow::{Result, ensure};
use runtime::config::Preset;
use serde::Serialize;

use crate::data::augment::Augment;
use crate::model::DropoutRates;

/// Hyper-parameters of one training run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// Passes over the training images; at least 1.
    pub epochs: usize,
    /// Images of one step; at least 1.
    pub batch_size: usize,
    /// Largest learning rate, reached at the end of the warm-up.
    pub learning_rate: f64,
    /// Decay of weight matrices and convolutions; biases, normalisations and the position
    /// embedding do not decay.
    pub weight_decay: f64,
    /// Share of all steps during which the learning rate rises, 0 to 1.
    pub warmup: f64,
    /// Probability that is spread over all classes instead of the label's, 0 to below 1.
    pub label_smoothing: f64,
    /// Values dropped while training.
    pub dropout: DropoutRates,
    /// Share of the training images that is held out to choose the best epoch, above 0 and below 1.
    pub validation: f64,
    /// Random changes to training images.
    #[serde(skip)]
    pub augment: Augment,
    /// Decides starting values, split, order and augmentation.
    pub seed: u64,
}

impl Recipe {
    /// The recipe for a few thousand images, such as the embedded ones.
    pub fn small_data(preset: Preset) -> Self {
        Self {
            epochs: 40,
            batch_size: 64,
            learning_rate: 2e-3,
            weight_decay: 0.05,
            warmup: 0.1,
            label_smoothing: 0.1,
            dropout: dropout(preset),
            validation: 0.1,
            augment: Augment::default(),
            seed: 1,
        }
    }

    /// The recipe for all of CIFAR-10: fewer passes, each over more images.
    pub fn full_data(preset: Preset) -> Self {
        Self { epochs: 20, batch_size: 128, warmup: 0.05, ..Self::small_data(preset) }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// If one is outside its range, naming it.
    pub fn check(&self) -> Result<()> {
        ensure!(self.epochs > 0, "0 epochs train nothing: ask for at least 1");
        ensure!(self.batch_size > 0, "a batch of 0 images: ask for at least 1");
        let positive = self.learning_rate > 0.0 && self.learning_rate.is_finite();
        ensure!(positive, "the learning rate {} is not positive", self.learning_rate);
        let share = |value: f64| (0.0..1.0).contains(&value);
        ensure!(share(self.weight_decay), "the weight decay {} is not in 0..1", self.weight_decay);
        ensure!((0.0..=1.0).contains(&self.warmup), "the warm-up {} is not in 0..=1", self.warmup);
        ensure!(
            share(self.label_smoothing),
            "the label smoothing {} is not in 0..1",
            self.label_smoothing
        );
        for rate in [self.dropout.embed, self.dropout.mlp, self.dropout.head] {
            ensure!(share(rate), "the dropout rate {rate} is not in 0..1");
        }
        ensure!(
            share(self.validation) && self.validation > 0.0,
            "the validation share {} leaves nothing to train on or to choose by",
            self.validation
        );
        Ok(())
    }
}

/// `seed` keeps the rates of the report it comes from; the others are too small to gain by any.
fn dropout(preset: Preset) -> DropoutRates {
    match preset {
        Preset::Seed => DropoutRates { embed: 0.1, mlp: 0.1, head: 0.5 },
        _ => DropoutRates::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check() {
        for preset in Preset::ALL {
            Recipe::small_data(preset).check().unwrap();
            Recipe::full_data(preset).check().unwrap();
        }
    }

    #[test]
    fn each_number_outside_its_range_is_named() {
        let refusal = |change: fn(&mut Recipe)| {
            let mut recipe = Recipe::small_data(Preset::Micro);
            change(&mut recipe);
            recipe.check().unwrap_err().to_string()
        };
        assert!(refusal(|recipe| recipe.epochs = 0).contains("epochs"), "epochs");
        assert!(refusal(|recipe| recipe.batch_size = 0).contains("batch"), "batch size");
        assert!(refusal(|recipe| recipe.learning_rate = f64::NAN).contains("NaN"), "rate");
        assert!(refusal(|recipe| recipe.weight_decay = -0.1).contains("decay -0.1"), "decay");
        assert!(refusal(|recipe| recipe.warmup = 1.5).contains("warm-up 1.5"), "warm-up");
        assert!(refusal(|recipe| recipe.label_smoothing = 1.0).contains("smoothing 1"), "labels");
        assert!(refusal(|recipe| recipe.dropout.head = 1.0).contains("dropout"), "dropout");
        assert!(refusal(|recipe| recipe.validation = 0.0).contains("share 0"), "validation");
    }
}
