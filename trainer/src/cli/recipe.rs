//! The options that decide how a network is trained.

use std::num::NonZeroUsize;

use clap::Args;
use runtime::config::Preset;

use crate::data::augment::{Augment, Distort};
use crate::data::mix::Mix;
use crate::model::DropoutRates;
use crate::recipe::{AverageSpec, OptimiserName, Recipe, RecipeName};
use crate::schedule::RateCourse;

/// Training images from which `full` is the default recipe.
pub(super) const LARGE: usize = 20_000;
/// Steps that an epoch has at least by default, validation images counted in.
const LEAST_STEPS: usize = 5;
/// Validation images by default, as far as a tenth of all images allows: on a hundred, the best epoch
/// is a matter of luck.
const LEAST_VALIDATION: f64 = 500.0;
/// Share of the images that may be held out for that.
const MOST_VALIDATION: f64 = 0.1;

/// A recipe by name, and the numbers that replace its own.
#[derive(Debug, Args)]
pub(super) struct RecipeArgs {
    /// Every number below that is not given [default: full for 20,000 images and more, else report
    /// for `seed` and small for the others; for a network that is trained already finetune].
    #[arg(long, value_enum, value_name = "NAME")]
    recipe: Option<RecipeName>,
    /// Passes over the training images [default: small 40, full 20, finetune 4].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// End the run after N epochs without a better validation accuracy [default: make all epochs].
    #[arg(long, value_name = "N")]
    patience: Option<NonZeroUsize>,
    /// Images of one step [default: small 64, full and finetune 128; less for very
    /// few images].
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Largest learning rate, reached after the warm-up [default: muon 0.01, adamw 0.002, finetune
    /// and report 0.0002].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// What moves the weights of the hidden layers; adamw moves all others [default: muon, for `seed`,
    /// finetune and report adamw].
    #[arg(long, value_enum, value_name = "NAME")]
    optimiser: Option<OptimiserName>,
    /// Weight decay of matrices [default: 0.05].
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// Share of all steps during which the learning rate rises, before it falls by half a cosine
    /// [default: small 0.1, full and finetune 0.05].
    #[arg(long, value_name = "SHARE")]
    warmup: Option<f64>,
    /// Probability spread over all classes instead of the label's [default: 0.1].
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Share of images that are turned, slanted or resized, the same share whose colours change, and of
    /// which a part is blanked [default: small and long 0.5, else 0].
    #[arg(long, value_name = "SHARE")]
    distort: Option<f64>,
    /// Probability that a batch's images are blended with each other [default: long 0.25, else 0].
    #[arg(long, value_name = "SHARE")]
    blend: Option<f64>,
    /// Probability that a rectangle of each of a batch's images is replaced by another one's [default: long
    /// 0.25, else 0].
    #[arg(long, value_name = "SHARE")]
    paste: Option<f64>,
    /// Weight of a second loss for images with a pasted rectangle: the tokens under the rectangle, pooled
    /// by themselves, learn the label of what was pasted, and the other tokens learn the image's own
    /// label. It moves a network's evidence to its object; 0 for none [default: 0].
    #[arg(long, value_name = "WEIGHT")]
    region_loss: Option<f64>,
    /// Share of images for which the last block's branches are left out, less in the blocks before it
    /// [default: long 0.05, else 0].
    #[arg(long, value_name = "SHARE")]
    drop_path: Option<f64>,
    /// Share of the averaged weights that each of their updates, every eight steps, keeps; 0 to validate
    /// and keep the weights themselves [default: small and long 0.995, else 0].
    #[arg(long, value_name = "SHARE")]
    average: Option<f64>,
    /// Decides starting values, validation split, order and augmentation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl RecipeArgs {
    /// The recipe for a network and so many images, validation included.
    pub(super) fn recipe(&self, preset: Preset, images: usize) -> Recipe {
        let name = match preset {
            _ if images >= LARGE => RecipeName::Full,
            Preset::Seed => RecipeName::Report,
            _ => RecipeName::Small,
        };
        self.recipe_or(name, preset, images)
    }

    /// The recipe that is asked for, or the one with another name.
    pub(super) fn recipe_or(&self, name: RecipeName, preset: Preset, images: usize) -> Recipe {
        let name = self.recipe.unwrap_or(name);
        let base = Recipe::named(name, preset);
        // A few dozen pictures still make several steps an epoch.
        let batch_size = base.batch_size.min(images / LEAST_STEPS).max(1);
        let optimiser = self.optimiser.unwrap_or(base.optimiser);
        // The same share of the optimiser's own rate.
        let share = base.learning_rate / base.optimiser.learning_rate();
        let learning_rate = share * optimiser.learning_rate();
        let least_validation = (LEAST_VALIDATION / images as f64).min(MOST_VALIDATION);
        Recipe {
            epochs: self.epochs.unwrap_or(base.epochs),
            patience: self.patience,
            batch_size: self.batch_size.unwrap_or(batch_size),
            learning_rate: self.learning_rate.unwrap_or(learning_rate),
            optimiser,
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            rate_course: self
                .warmup
                .map_or(base.rate_course, |warmup| RateCourse::Cosine { warmup }),
            label_smoothing: self.label_smoothing.unwrap_or(base.label_smoothing),
            augment: Augment {
                distort: match self.distort {
                    Some(0.0) => None,
                    Some(probability) => Some(Distort { probability, ..Distort::OBJECTS }),
                    None => base.augment.distort,
                },
                ..base.augment
            },
            mix: Mix {
                blend: self.blend.unwrap_or(base.mix.blend),
                paste: self.paste.unwrap_or(base.mix.paste),
            },
            region_loss: match self.region_loss {
                Some(0.0) => None,
                given => given.or(base.region_loss),
            },
            dropout: DropoutRates {
                path: self.drop_path.unwrap_or(base.dropout.path),
                ..base.dropout
            },
            average: match self.average {
                Some(0.0) => None,
                Some(decay) => Some(AverageSpec { decay, ..AverageSpec::SLOW }),
                None => base.average,
            },
            validation: base.validation.max(least_validation),
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
        let found = recipe(&["--recipe", "long", "--blend", "0", "--drop-path", "0.1"]);
        let mix = Mix { blend: 0.0, ..long.mix };
        let dropout = DropoutRates { path: 0.1, ..long.dropout };
        assert_eq!(found, Recipe { mix, dropout, ..long }, "two given");
        let found = recipe(&["--recipe", "long", "--distort", "0"]);
        let plain = Augment { distort: None, ..long.augment };
        assert_eq!(found, Recipe { augment: plain, ..long }, "nothing distorted");
        let found = recipe(&["--recipe", "full", "--distort", "0.5"]);
        assert_eq!(found.augment, long.augment, "as much as in long");
        let found = recipe(&["--recipe", "long", "--average", "0"]);
        assert_eq!(found, Recipe { average: None, ..long }, "the weights themselves");
        let found = recipe(&["--recipe", "full", "--average", "0.995"]);
        assert_eq!(found.average, long.average, "averaged as in long");
        // A rate suits an optimiser, so that one comes with the other.
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
}
