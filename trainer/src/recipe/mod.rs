//! The recipe of a training run: all hyper-parameters.

mod named;

use std::num::NonZeroUsize;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Serialize, Serializer};

use crate::data::Normalisation;
use crate::data::augment::Augment;
use crate::data::mix::Mix;
use crate::model::DropoutRates;
use crate::schedule::Schedule;
use ops::Bf16Products;

/// Hyper-parameters of one training run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// Passes over the training images; at least 1.
    pub epochs: usize,
    /// Epochs without a better validation accuracy after which the run ends; `None` to train for all epochs.
    pub patience: Option<NonZeroUsize>,
    /// Images of one step; at least 1.
    pub batch_size: usize,
    /// Whether the images left after the last full batch of an epoch make a smaller batch.
    pub partial_batches: bool,
    /// Largest learning rate.
    pub learning_rate: f64,
    /// How it changes from step to step.
    #[serde(rename = "rate_course")]
    pub schedule: Schedule,
    /// Optimiser of the weights of the hidden layers.
    pub optimiser: OptimiserName,
    /// The running means of `AdamW`.
    pub moments: Moments,
    /// Decay of weight matrices and convolutions; biases, normalisations and the position
    /// embedding do not decay.
    pub weight_decay: f64,
    /// Share of the target probability that is spread over all classes, 0 to below 1.
    pub label_smoothing: f64,
    /// Rates of dropout and stochastic depth.
    pub dropout: DropoutRates,
    /// Share of the training images that is held out for validation, above 0 and below 1.
    pub validation: f64,
    /// Random changes to training images.
    pub augment: Augment,
    /// Number of augmented views of each image, which the epochs take in turn; `None` for new random changes
    /// in each epoch.
    pub views: Option<NonZeroUsize>,
    /// How training images are mixed with each other.
    pub mix: Mix,
    /// Weight of the loss of each region of a CutMix or `ResizeMix` image, relative to the loss of the whole image;
    /// positive.
    pub region_loss: Option<f64>,
    /// Probability that random cells of the images of a batch are hidden, above 0.
    pub hide: Option<f64>,
    /// Probability that the images of a batch without a second image get new backgrounds, above 0: the half with the
    /// least evidence for the label is replaced.
    pub background: Option<f64>,
    /// Weight of the loss of the attributes that the network to start from has, relative to the loss of the classes;
    /// positive.
    pub attribute_loss: Option<f64>,
    /// Precision of the factors of matrix products in a step.
    pub precision: Precision,
    /// Largest Euclidean norm of a step's gradients, all parameters together; infinity for none.
    pub clip: f64,
    /// The moving average of the weights, which is validated and kept instead of the weights.
    #[serde(rename = "average")]
    pub ema: Option<EmaSpec>,
    /// Epochs at the start in which only the head learns.
    pub head_first: Option<HeadFirst>,
    /// The part of a teacher in the loss, if there is one.
    #[serde(rename = "imitation")]
    pub distillation: Distillation,
    /// From pixels to the network's input.
    pub normalisation: Normalisation,
    /// Decides starting values, split, order and augmentation.
    pub seed: u64,
}

/// Knowledge distillation: how much a student learns from its teacher.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distillation {
    /// Share of the divergence from the teacher in the loss, 0 to 1.
    pub share: f64,
    /// Divisor of the logits of both networks; positive.
    pub temperature: f64,
}

/// The first epochs of a run that starts from a trained network: only its new head learns, so that the
/// gradients of the random head do not damage the other weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeadFirst {
    /// Number of these epochs; less than the number of all epochs.
    pub epochs: usize,
    /// Their learning rate; positive.
    pub learning_rate: f64,
}

/// An exponential moving average (EMA) of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EmaSpec {
    /// Share of the average that each update keeps, 0 to below 1.
    pub decay: f64,
    /// Steps from one update to the next; at least 1.
    pub every: usize,
}

/// The running means of Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// Decay of the mean of gradients, 0 to below 1.
    pub beta_1: f32,
    /// Decay of the mean of squared gradients, 0 to below 1.
    pub beta_2: f32,
    /// Added to the root of the latter; positive.
    pub epsilon: f32,
}

/// Optimiser of the weights of the hidden layers; `AdamW` updates all other parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserName {
    /// `AdamW`, Loshchilov and Hutter 2019.
    #[value(name = "adamw")]
    AdamW,
    /// Muon, which orthogonalises the update of each matrix, Jordan et al. 2024.
    Muon,
}

/// Precision of the factors of matrix products in training. Their sums, and all other values, are f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 24 bits.
    F32,
    /// 8 bits on processors with AMX, and on AMD's with AVX-512 for bf16; elsewhere f32.
    Bf16,
}

impl Precision {
    /// Uses this precision until the result is dropped.
    pub(crate) fn begin(self) -> Option<Bf16Products> {
        (self == Self::Bf16).then(Bf16Products::begin)
    }
}

impl Serialize for Precision {
    /// The default is `null`, as in runs of versions without this setting.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::F32 => serializer.serialize_none(),
            Self::Bf16 => serializer.serialize_str("bf16"),
        }
    }
}

/// The recipes that come with the trainer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecipeName {
    /// For a few thousand images: 40 epochs in batches of 64, strong augmentation, EMA.
    Small,
    /// For all of CIFAR-10: 20 epochs in batches of 128, light augmentation.
    Full,
    /// For the best network, on a GPU: 190 epochs in batches of 512, strong augmentation, mixup, CutMix,
    /// EMA.
    Long,
    /// For a trained network: 4 epochs in batches of 128 at a tenth of the learning rate.
    Finetune,
    /// For other classes on a trained network: 5 epochs of the head alone, then up to 75 of all weights at
    /// a small rate, in batches of 32, with strong augmentation, EMA and early stopping.
    Transfer,
    /// The recipe of the student report that defines the preset `seed`: 20 epochs in batches of 512, pixels
    /// 0 to 255 without normalisation, Adam at 2e-4 with a decay of 0.1 per step.
    Report,
}

impl EmaSpec {
    /// Over about the last 1,600 steps, in a long run.
    pub const SLOW: Self = Self { decay: 0.995, every: 8 };
}

impl Moments {
    /// The mean of squares covers few steps, because runs are short. burn's epsilon of 1e-5 would be as large
    /// as the gradients late in a run.
    const SHORT: Self = Self { beta_1: 0.9, beta_2: 0.98, epsilon: 1e-8 };
    /// The defaults of Keras.
    const KERAS: Self = Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
}

impl Recipe {
    /// Epochs in which only the head learns.
    pub const fn head_epochs(&self) -> usize {
        match self.head_first {
            Some(first) => first.epochs,
            None => 0,
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// If one is outside its range, naming it.
    pub fn check(&self) -> Result<()> {
        ensure!(self.epochs > 0, "the number of epochs must be at least 1");
        ensure!(self.batch_size > 0, "the batch size must be at least 1");
        let positive = self.learning_rate > 0.0 && self.learning_rate.is_finite();
        ensure!(positive, "the learning rate {} is not positive", self.learning_rate);
        let share = |value: f64| (0.0..1.0).contains(&value);
        ensure!(
            share(self.weight_decay),
            "the weight decay {} is not from 0 to below 1",
            self.weight_decay
        );
        match self.schedule {
            Schedule::Cosine { warmup } => {
                ensure!((0.0..=1.0).contains(&warmup), "the warm-up {warmup} is not from 0 to 1");
            }
            Schedule::InverseTime { decay } => {
                ensure!(
                    decay >= 0.0 && decay.is_finite(),
                    "the decay {decay} of the learning rate is negative or not finite"
                );
            }
        }
        let Moments { beta_1, beta_2, epsilon } = self.moments;
        for beta in [beta_1, beta_2] {
            ensure!(share(beta.into()), "the decay {beta} of a moment is not from 0 to below 1");
        }
        ensure!(epsilon > 0.0 && epsilon.is_finite(), "the epsilon {epsilon} is not positive");
        ensure!(
            share(self.label_smoothing),
            "the label smoothing {} is not from 0 to below 1",
            self.label_smoothing
        );
        let DropoutRates { embed, mlp, head, path } = self.dropout;
        for rate in [embed, mlp, head, path] {
            ensure!(share(rate), "the dropout rate {rate} is not from 0 to below 1");
        }
        let Mix { mixup, cutmix, resizemix } = self.mix;
        let resizemix = resizemix.unwrap_or(0.0);
        ensure!(
            mixup >= 0.0 && cutmix >= 0.0 && resizemix >= 0.0 && self.mix.any() <= 1.0,
            "mixup has the probability {mixup}, CutMix {cutmix} and ResizeMix {resizemix}: each and their sum must be \
             from 0 to 1"
        );
        if let Some(weight) = self.region_loss {
            ensure!(
                weight > 0.0 && weight.is_finite(),
                "the weight {weight} of the region loss is not positive"
            );
            ensure!(
                cutmix > 0.0 || resizemix > 0.0,
                "the region loss needs CutMix or ResizeMix images: give --cutmix or --resizemix a probability above 0"
            );
        }
        if let Some(hide) = self.hide {
            ensure!(
                hide > 0.0 && hide <= 1.0,
                "the probability {hide} of hidden cells is not above 0 and at most 1"
            );
        }
        if let Some(background) = self.background {
            ensure!(
                background > 0.0 && background <= 1.0,
                "the probability {background} of a replaced background is not above 0 and at most 1"
            );
        }
        if let Some(weight) = self.attribute_loss {
            ensure!(
                weight > 0.0 && weight.is_finite(),
                "the weight {weight} of the attribute loss is not positive"
            );
        }
        ensure!(
            self.clip > 0.0,
            "the limit {} of the norm of all gradients is not positive",
            self.clip
        );
        if let Some(EmaSpec { decay, every }) = self.ema {
            ensure!(
                share(decay) && every > 0,
                "the EMA has the decay {decay} and an update every {every} steps: the decay must be from 0 to below \
                 1, and the number of steps at least 1"
            );
        }
        if let Some(HeadFirst { epochs, learning_rate }) = self.head_first {
            ensure!(
                epochs < self.epochs,
                "{epochs} epochs of the head alone leave none of {} for the rest",
                self.epochs
            );
            ensure!(
                learning_rate > 0.0 && learning_rate.is_finite(),
                "the learning rate {learning_rate} of the head alone is not positive"
            );
        }
        let Distillation { share: of_teacher, temperature } = self.distillation;
        ensure!(
            (0.0..=1.0).contains(&of_teacher) && temperature > 0.0 && temperature.is_finite(),
            "the teacher's share {of_teacher} is not from 0 to 1, or the temperature {temperature} is not positive"
        );
        ensure!(
            share(self.validation) && self.validation > 0.0,
            "the validation share {} is not above 0 and below 1",
            self.validation
        );
        Ok(())
    }
}

impl OptimiserName {
    /// The learning rate of a network that starts from seeded values, in the recipes.
    pub const fn learning_rate(self) -> f64 {
        match self {
            Self::AdamW => 2e-3,
            Self::Muon => 1e-2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::config::Preset;

    #[test]
    fn the_defaults_pass_their_own_check() {
        for preset in Preset::ALL {
            for name in RecipeName::value_variants() {
                Recipe::named(*name, preset).check().unwrap();
            }
        }
    }

    #[test]
    fn each_number_outside_its_range_is_named() {
        let refusal = |change: fn(&mut Recipe)| {
            let mut recipe = Recipe::small_data(Preset::Micro);
            change(&mut recipe);
            recipe.check().unwrap_err().to_string()
        };
        let warmup = refusal(|recipe| recipe.schedule = Schedule::Cosine { warmup: 1.5 });
        assert!(warmup.contains("warm-up 1.5"), "warm-up");
        let decay = refusal(|recipe| recipe.schedule = Schedule::InverseTime { decay: -1.0 });
        assert!(decay.contains("decay -1"), "decay of the rate");
        assert!(refusal(|recipe| recipe.epochs = 0).contains("epochs"), "epochs");
        assert!(refusal(|recipe| recipe.batch_size = 0).contains("batch"), "batch size");
        assert!(refusal(|recipe| recipe.learning_rate = f64::NAN).contains("NaN"), "rate");
        assert!(refusal(|recipe| recipe.moments.beta_2 = 1.0).contains("decay 1 "), "moments");
        assert!(refusal(|recipe| recipe.moments.epsilon = 0.0).contains("epsilon 0"), "epsilon");
        assert!(refusal(|recipe| recipe.weight_decay = -0.1).contains("decay -0.1"), "decay");
        assert!(refusal(|recipe| recipe.label_smoothing = 1.0).contains("smoothing 1"), "labels");
        assert!(refusal(|recipe| recipe.dropout.head = 1.0).contains("dropout"), "dropout");
        assert!(refusal(|recipe| recipe.mix.mixup = 1.1).contains("1.1"), "mixing");
        let regions = refusal(|recipe| recipe.region_loss = Some(1.0));
        assert!(regions.contains("CutMix"), "regions of nothing: {regions}");
        let regions = refusal(|recipe| recipe.region_loss = Some(-1.0));
        assert!(regions.contains("weight -1"), "weight of regions: {regions}");
        assert!(refusal(|recipe| recipe.hide = Some(1.5)).contains("1.5 of hidden"), "hiding");
        assert!(
            refusal(|recipe| recipe.background = Some(0.0)).contains("0 of a replaced"),
            "background"
        );
        let attributes = refusal(|recipe| recipe.attribute_loss = Some(-1.0));
        assert!(attributes.contains("weight -1 of the attribute loss"), "attributes: {attributes}");
        assert!(refusal(|recipe| recipe.clip = 0.0).contains("norm"), "clipping");
        let head = refusal(|recipe| {
            recipe.head_first = Some(HeadFirst { epochs: 40, learning_rate: 1e-3 });
        });
        assert!(head.contains("40 epochs of the head"), "head: {head}");
        let head = refusal(|recipe| {
            recipe.head_first = Some(HeadFirst { epochs: 1, learning_rate: 0.0 });
        });
        assert!(head.contains("rate 0 of the head"), "head: {head}");
        let teacher = refusal(|recipe| recipe.distillation.temperature = 0.0);
        assert!(teacher.contains("temperature 0"), "teacher");
        let ema = refusal(|recipe| recipe.ema = Some(EmaSpec { decay: 1.0, every: 1 }));
        assert!(ema.contains("decay 1 "), "ema");
        assert!(refusal(|recipe| recipe.validation = 0.0).contains("share 0"), "validation");
    }
}
