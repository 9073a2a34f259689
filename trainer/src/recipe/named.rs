//! The recipes that come with the trainer.

use std::num::NonZeroUsize;

use runtime::config::Preset;

use super::{
    Distillation, EmaSpec, HeadFirst, Moments, OptimiserName, Precision, Recipe, RecipeName,
};
use crate::data::Normalisation;
use crate::data::augment::{Augment, StrongAugment};
use crate::data::mix::Mix;
use crate::model::DropoutRates;
use crate::schedule::Schedule;

impl Recipe {
    /// A recipe by its name.
    pub fn named(name: RecipeName, preset: Preset) -> Self {
        match name {
            RecipeName::Small => Self::small_data(preset),
            RecipeName::Full => Self::full_data(preset),
            RecipeName::Long => Self::long(preset),
            RecipeName::Finetune => Self::finetune(preset),
            RecipeName::Transfer => Self::transfer(preset),
            RecipeName::Report => Self::report(preset),
        }
    }

    /// The recipe for a few thousand images, such as the built-in ones.
    pub fn small_data(preset: Preset) -> Self {
        let optimiser = optimiser(preset);
        Self {
            epochs: 40,
            patience: None,
            batch_size: 64,
            partial_batches: false,
            learning_rate: optimiser.learning_rate(),
            schedule: Schedule::Cosine { warmup: 0.1 },
            optimiser,
            moments: Moments::SHORT,
            weight_decay: 0.05,
            label_smoothing: 0.1,
            dropout: dropout(preset),
            validation: 0.1,
            augment: Augment { strong: Some(StrongAugment::OBJECTS), ..Augment::default() },
            mix: Mix::default(),
            views: None,
            region_loss: None,
            hide: None,
            background: None,
            attribute_loss: None,
            precision: Precision::F32,
            clip: 1.0,
            ema: Some(EmaSpec::SLOW),
            head_first: None,
            distillation: Distillation { share: 0.7, temperature: 2.0 },
            normalisation: Normalisation::CIFAR10,
            seed: 1,
        }
    }

    /// The recipe for all of CIFAR-10: fewer passes, each over more images.
    pub fn full_data(preset: Preset) -> Self {
        Self {
            epochs: 20,
            batch_size: 128,
            schedule: Schedule::Cosine { warmup: 0.05 },
            augment: Augment::default(),
            ema: None,
            ..Self::small_data(preset)
        }
    }

    /// The recipe for the best network. A teacher improves it further.
    pub fn long(preset: Preset) -> Self {
        let small = Self::small_data(preset);
        Self {
            epochs: 190,
            batch_size: 512,
            schedule: Schedule::Cosine { warmup: 0.03 },
            dropout: DropoutRates { path: 0.05, ..small.dropout },
            validation: 0.02,
            mix: Mix { mixup: 0.25, cutmix: 0.25, resizemix: None },
            ..small
        }
    }

    /// The recipe for a trained network.
    pub fn finetune(preset: Preset) -> Self {
        let full = Self::full_data(preset);
        Self {
            epochs: 4,
            learning_rate: 0.1 * OptimiserName::AdamW.learning_rate(),
            optimiser: OptimiserName::AdamW,
            ..full
        }
    }

    /// The recipe for other classes on a trained network.
    pub fn transfer(preset: Preset) -> Self {
        Self {
            epochs: 80,
            // With a few dozen pictures, the validation accuracy is the same for many epochs.
            patience: NonZeroUsize::new(20),
            batch_size: 32,
            head_first: Some(HeadFirst { epochs: 5, learning_rate: 1e-2 }),
            learning_rate: 0.2 * optimiser(preset).learning_rate(),
            ema: Some(EmaSpec { decay: 0.98, every: 1 }),
            ..Self::small_data(preset)
        }
    }

    /// The recipe of the student report that `seed` comes from.
    pub fn report(preset: Preset) -> Self {
        Self {
            epochs: 20,
            batch_size: 512,
            partial_batches: true,
            learning_rate: 2e-4,
            schedule: Schedule::InverseTime { decay: 0.1 },
            optimiser: OptimiserName::AdamW,
            moments: Moments::KERAS,
            weight_decay: 0.0,
            label_smoothing: 0.0,
            augment: Augment::NONE,
            clip: f64::INFINITY,
            ema: None,
            normalisation: Normalisation::PIXELS,
            ..Self::small_data(preset)
        }
    }
}

/// Nearly all parameters of `seed` are in its head, which Muon does not update.
const fn optimiser(preset: Preset) -> OptimiserName {
    match preset {
        Preset::Seed => OptimiserName::AdamW,
        _ => OptimiserName::Muon,
    }
}

/// `seed` keeps the rates of its report; the other networks are too small to gain from dropout.
fn dropout(preset: Preset) -> DropoutRates {
    match preset {
        Preset::Seed => DropoutRates { embed: 0.1, mlp: 0.1, head: 0.5, path: 0.0 },
        _ => DropoutRates::default(),
    }
}
