//! The options that decide how a network is trained.

use std::num::NonZeroUsize;

use clap::Args;
use runtime::config::Preset;

use crate::data::augment::{Augment, StrongAugment};
use crate::data::mix::Mix;
use crate::model::DropoutRates;
use crate::recipe::{EmaSpec, HeadFirst, OptimiserName, Precision, Recipe, RecipeName};
use crate::schedule::Schedule;

/// Number of training images from which `full` is the default recipe.
pub(super) const LARGE: usize = 20_000;
/// The default batch size is made smaller until an epoch has this many steps; validation images count.
const MIN_STEPS: usize = 5;
/// Number of validation images by default. A hundred would be too few to choose the best epoch.
const MIN_VALIDATION: f64 = 500.0;
/// Largest share of the images that is held out to reach that number.
const MAX_VALIDATION: f64 = 0.1;

/// A recipe by name, and the numbers that replace its own.
#[derive(Debug, Args)]
pub(super) struct RecipeArgs {
    /// Recipe: the defaults of all options below [default: full for 20,000 images or more; for fewer,
    /// report for `seed` and small for other networks; for a start from a trained network finetune, or
    /// transfer if classes or image size differ].
    #[arg(long, value_enum, value_name = "NAME")]
    recipe: Option<RecipeName>,
    /// Passes over the training images [default: small 40, full 20, finetune 4, transfer 80].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop after N epochs without a better validation accuracy [default: transfer 20, else train for all
    /// epochs].
    #[arg(long, value_name = "N")]
    patience: Option<NonZeroUsize>,
    /// Images of one step [default: small 64, full and finetune 128, transfer 32; fewer if there are
    /// very few images].
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Largest learning rate, reached after the warm-up [default: muon 0.01, adamw 0.002, finetune
    /// and report 0.0002, transfer 0.002].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Optimiser of the hidden layers; adamw updates all other weights [default: muon; for `seed`,
    /// finetune and report adamw].
    #[arg(long, value_enum, value_name = "NAME")]
    optimiser: Option<OptimiserName>,
    /// Weight decay of matrices [default: 0.05].
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// Warm-up: share of all steps during which the learning rate rises. Then it falls along a cosine to
    /// zero [default: small and transfer 0.1, full and finetune 0.05].
    #[arg(long, value_name = "SHARE")]
    warmup: Option<f64>,
    /// Label smoothing: share of the target that is spread evenly over all classes [default: 0.1].
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Strong augmentation: the probability of each of three independent changes, geometry, colour and a
    /// cutout [default: small, long and transfer 0.5, else 0].
    #[arg(long, alias = "distort", value_name = "SHARE")]
    augment: Option<f64>,
    /// Probability of mixup for a batch: each image becomes a weighted mean of two [default: long 0.25,
    /// else 0].
    #[arg(long, alias = "blend", value_name = "SHARE")]
    mixup: Option<f64>,
    /// Give each image N augmented views, instead of new random changes in each epoch. The epochs use the
    /// views in turn. With --teacher, the scores of each view are computed once and kept, so that later
    /// epochs and later runs do not run the teacher. 8 to 16 views are useful.
    #[arg(long, value_name = "N")]
    views: Option<NonZeroUsize>,
    /// Probability of `CutMix` for a batch: a rectangle of each image is replaced by the same rectangle of
    /// another image [default: long 0.25, else 0].
    #[arg(long, alias = "paste", value_name = "SHARE")]
    cutmix: Option<f64>,
    /// Probability of `ResizeMix` for a batch: a whole other image, made smaller, replaces a square of each image.
    /// With the region loss, the network learns to find small objects [default: 0].
    #[arg(long, value_name = "SHARE")]
    resizemix: Option<f64>,
    /// Weight of an additional loss for `CutMix` and `ResizeMix` images. The tokens inside and outside the rectangle are
    /// pooled separately. Each pool gives logits, which are compared with the label of its own region. More
    /// of the network's evidence then lies on the object. 0 switches it off [default: 0].
    #[arg(long, value_name = "WEIGHT")]
    region_loss: Option<f64>,
    /// Probability of Hide-and-Seek for a batch: about half of the 8 x 8 cells of each image get the mean colour of
    /// the image. The network then relies less on every part of an object. 0 switches it off [default: 0].
    #[arg(long, value_name = "SHARE")]
    hide: Option<f64>,
    /// Probability for a batch, if it has no second images, that half of each image gets other pixels: those of another
    /// image, or the mean colour. It is the half in which the network has the least evidence for the label. The network
    /// then learns to ignore the background. 0 switches it off [default: 0].
    #[arg(long, value_name = "SHARE")]
    replace_background: Option<f64>,
    /// Weight of an additional loss for attributes. The network to start from must have attributes (`trainer attributes`).
    /// Their layer stays as it is, and the network learns tokens from which the layer tells the attributes better. The
    /// result has them too, but its classes may be less accurate. About 4 is useful; 0 switches it off [default: 0].
    #[arg(long, value_name = "WEIGHT")]
    attribute_loss: Option<f64>,
    /// Stochastic depth: share of images for which the branches of the last block are skipped; the share
    /// grows linearly from the first block [default: long 0.05, else 0].
    #[arg(long, value_name = "SHARE")]
    drop_path: Option<f64>,
    /// Decay of the EMA (exponential moving average) of the weights. It is updated every eight steps, with
    /// transfer in every step. The checkpoint has the EMA instead of the weights. 0 switches it off
    /// [default: small and long 0.995, transfer 0.98, else 0].
    #[arg(long, alias = "average", value_name = "DECAY")]
    ema: Option<f64>,
    /// Precision of the factors of matrix products in training. Their sums are f32. bf16 is used on processors
    /// with AMX, such as Intel Xeon of the fourth generation, where it is faster, and on AMD's from Zen 4 on, where its
    /// speed was not measured. Others use f32. The validation always uses f32 [default: f32].
    #[arg(long, value_enum, value_name = "NAME")]
    precision: Option<Precision>,
    /// Seed of the starting values, the validation split, the order of the images and the augmentation.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
}

impl RecipeArgs {
    /// The recipe for a network and a number of images, validation included.
    pub(super) fn recipe(&self, preset: Preset, images: usize) -> Recipe {
        let name = match preset {
            _ if images >= LARGE => RecipeName::Full,
            Preset::Seed => RecipeName::Report,
            _ => RecipeName::Small,
        };
        self.recipe_or(name, preset, images)
    }

    /// The recipe of `--recipe`, or else the one named `name`, with the numbers of the other options.
    pub(super) fn recipe_or(&self, name: RecipeName, preset: Preset, images: usize) -> Recipe {
        let name = self.recipe.unwrap_or(name);
        let base = Recipe::named(name, preset);
        // With a few dozen pictures an epoch still has several steps.
        let batch_size = base.batch_size.min(images / MIN_STEPS).max(1);
        let optimiser = self.optimiser.unwrap_or(base.optimiser);
        // Each optimiser has its own learning rate. The recipe takes the same share of it.
        let share = base.learning_rate / base.optimiser.learning_rate();
        let learning_rate = share * optimiser.learning_rate();
        let min_validation = (MIN_VALIDATION / images as f64).min(MAX_VALIDATION);
        Recipe {
            epochs: self.epochs.unwrap_or(base.epochs),
            patience: self.patience.or(base.patience),
            head_first: base.head_first.map(|first| HeadFirst {
                epochs: first.epochs.min(self.epochs.unwrap_or(base.epochs).saturating_sub(1)),
                ..first
            }),
            batch_size: self.batch_size.unwrap_or(batch_size),
            learning_rate: self.learning_rate.unwrap_or(learning_rate),
            optimiser,
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            schedule: self.warmup.map_or(base.schedule, |warmup| Schedule::Cosine { warmup }),
            label_smoothing: self.label_smoothing.unwrap_or(base.label_smoothing),
            augment: Augment {
                strong: match self.augment {
                    Some(0.0) => None,
                    Some(probability) => {
                        Some(StrongAugment { probability, ..StrongAugment::OBJECTS })
                    }
                    None => base.augment.strong,
                },
                ..base.augment
            },
            views: self.views.or(base.views),
            mix: Mix {
                mixup: self.mixup.unwrap_or(base.mix.mixup),
                cutmix: self.cutmix.unwrap_or(base.mix.cutmix),
                resizemix: match self.resizemix {
                    Some(0.0) => None,
                    given => given.or(base.mix.resizemix),
                },
            },
            region_loss: match self.region_loss {
                Some(0.0) => None,
                given => given.or(base.region_loss),
            },
            hide: match self.hide {
                Some(0.0) => None,
                given => given.or(base.hide),
            },
            background: match self.replace_background {
                Some(0.0) => None,
                given => given.or(base.background),
            },
            attribute_loss: match self.attribute_loss {
                Some(0.0) => None,
                given => given.or(base.attribute_loss),
            },
            precision: self.precision.unwrap_or(base.precision),
            dropout: DropoutRates {
                path: self.drop_path.unwrap_or(base.dropout.path),
                ..base.dropout
            },
            ema: match self.ema {
                Some(0.0) => None,
                Some(decay) => Some(EmaSpec { decay, ..base.ema.unwrap_or(EmaSpec::SLOW) }),
                None => base.ema,
            },
            validation: base.validation.max(min_validation),
            seed: self.seed,
            ..base
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        numbers: RecipeArgs,
    }

    fn recipe(args: &[&str]) -> Recipe {
        let command = Command::parse_from([&["train"], args].concat());
        command.numbers.recipe(Preset::Nano, 50_000)
    }

    #[test]
    fn numbers_replace_those_of_the_recipe() {
        let long = Recipe::named(RecipeName::Long, Preset::Nano);
        assert_eq!(recipe(&["--recipe", "long"]), long, "none given");
        let found = recipe(&["--recipe", "long", "--mixup", "0", "--drop-path", "0.1"]);
        let mix = Mix { mixup: 0.0, ..long.mix };
        let dropout = DropoutRates { path: 0.1, ..long.dropout };
        assert_eq!(found, Recipe { mix, dropout, ..long }, "two given");
        let found = recipe(&["--recipe", "long", "--augment", "0"]);
        let plain = Augment { strong: None, ..long.augment };
        assert_eq!(found, Recipe { augment: plain, ..long }, "no strong augmentation");
        let found = recipe(&["--recipe", "full", "--augment", "0.5"]);
        assert_eq!(found.augment, long.augment, "as much as in long");
        let found = recipe(&["--recipe", "long", "--ema", "0"]);
        assert_eq!(found, Recipe { ema: None, ..long }, "the weights themselves");
        let found = recipe(&["--recipe", "full", "--ema", "0.995"]);
        assert_eq!(found.ema, long.ema, "EMA as in long");
        let found = recipe(&["--recipe", "long", "--resizemix", "0.2"]);
        let mix = Mix { resizemix: Some(0.2), ..long.mix };
        assert_eq!(found, Recipe { mix, ..long }, "small images");
        let found = recipe(&["--recipe", "long", "--precision", "bf16"]);
        assert_eq!(found, Recipe { precision: Precision::Bf16, ..long }, "products in bf16");
        let found = recipe(&["--recipe", "long", "--replace-background", "0.2"]);
        assert_eq!(found, Recipe { background: Some(0.2), ..long }, "new backgrounds");
        let found = recipe(&["--recipe", "long", "--replace-background", "0"]);
        assert_eq!(found, long, "no new backgrounds");
        // Each optimiser has its own learning rate.
        let adam = OptimiserName::AdamW;
        let found = recipe(&["--recipe", "long", "--optimiser", "adamw"]);
        let of_adam = Recipe { optimiser: adam, learning_rate: adam.learning_rate(), ..long };
        assert_eq!(found, of_adam, "another optimiser");
        let found = recipe(&["--recipe", "long", "--optimiser", "adamw", "--learning-rate", "0.5"]);
        assert_eq!(found, Recipe { learning_rate: 0.5, ..of_adam }, "and another rate");
        let tuned = Recipe::named(RecipeName::Finetune, Preset::Nano);
        assert_eq!(recipe(&["--recipe", "finetune"]), tuned, "a tenth of the rate");
        let found = recipe(&["--recipe", "finetune", "--optimiser", "muon"]).learning_rate;
        let tenth = 0.1 * OptimiserName::Muon.learning_rate();
        assert!((found - tenth).abs() < 1e-9, "a tenth of the other's: {found}");
    }

    #[test]
    fn earlier_names_of_options_are_understood() {
        for (earlier, now) in [
            ("--blend", "--mixup"),
            ("--paste", "--cutmix"),
            ("--distort", "--augment"),
            ("--average", "--ema"),
        ] {
            let [earlier, now] =
                [earlier, now].map(|name| recipe(&["--recipe", "long", name, "0.125"]));
            assert_eq!(earlier, now, "the same recipe");
            assert_ne!(now, Recipe::named(RecipeName::Long, Preset::Nano), "a number of its own");
        }
    }
}
