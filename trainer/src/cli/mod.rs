//! The command line.

mod check;
mod data;
mod eval;
mod finetune;
mod half;
mod images;
mod recipe;
mod run;
mod summary;
mod sweep;
mod train;

use std::path::Path;

use anyhow::{Context, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use runtime::config::{Preset, VitConfig};
use serde_json::json;

use crate::data::download::DownloadArgs;
use crate::data::{Dataset, embedded, open};
use crate::eval::Evaluation;
use check::CheckArgs;
use data::DataArgs;
use eval::EvalArgs;
use finetune::FinetuneArgs;
use half::HalfArgs;
use images::ImagesArgs;
use summary::SummaryArgs;
use sweep::SweepArgs;
use train::TrainArgs;

const EXAMPLES: &str = "\
Examples:
  trainer
      train `micro` on the embedded 5,000 CIFAR-10 images: some minutes, no download
  trainer --data cifar-10-batches-bin --epochs 30 --out runs/full
      train on all 50,000 images of the binary version of CIFAR-10
  trainer --data pictures --out runs/mine
      train on pictures of your own: pictures/CLASS/ANY.jpg, a folder for each class
  trainer --download --preset compact
      train on CIFAR-10 from the official archive, downloaded once and kept
  trainer --preset compact --epochs 5 --train-images 1000
      a quick try of a larger network
  trainer --preset seed
      the experiment of the report that this project started from
  trainer --patience 5
      end the run after 5 epochs that were no better
  trainer finetune best.mpk --quantize --out runs/int8
      train a trained network further with the rounding of its integer form in place
  trainer sweep --depth 2,4,6,8 --dim 10,32,64,128
      the accuracy of small transformers of those depths and widths, as a table and a chart
  trainer eval best.mpk
      accuracy of a trained network on the test images
  trainer half best.mpk small.mpk
      the same network in half precision
  trainer eval best.mpk --report test
      also which classes it takes for which, and its worst mistakes as a picture
  trainer check pictures
      what is wrong with pictures of your own, before anything is trained on them
  trainer images pictures
      some test images as PNG files
  trainer summary --preset compact
      layers, shapes, parameters and multiply-accumulates

A run leaves best.mpk (the network of the best epoch on validation images), config.json,
metrics.csv, curves.svg and validation/ (confusion matrix, worst mistakes) in the output directory. The same seed gives the same network. Ctrl-C ends a run early
and leaves the best network so far.";

/// Trains small vision transformers on CIFAR-10, for export to microcontrollers.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    train: TrainArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the accuracy of a trained network on the test images.
    Eval(EvalArgs),
    /// Print every layer of a network with its output shape, parameters and multiply-accumulates.
    Summary(SummaryArgs),
    /// Write test images as PNG files, named by number and class.
    Images(ImagesArgs),
    /// Train a trained network further, also for its integer form.
    Finetune(Box<FinetuneArgs>),
    /// Write a record in half precision: half as large, to keep or to pass on.
    Half(HalfArgs),
    /// Train one kind of network in several depths and widths, and compare them.
    Sweep(Box<SweepArgs>),
    /// Say what is wrong with a directory of pictures: files that are none, too few, copies.
    Check(CheckArgs),
}

impl Cli {
    /// Parses the arguments of this process; what cannot be meant ends it with exit code 2, as a
    /// request for help does with 0.
    pub fn from_arguments() -> Self {
        let cli = Self::parse();
        if let Err(error) = cli.train.recipe(recipe::LARGE).check() {
            Self::command().error(ErrorKind::ValueValidation, error).exit();
        }
        cli
    }

    /// Does what the command line asks for.
    ///
    /// # Errors
    /// If anything it needs is missing or damaged; the message says what to do.
    pub fn run(self) -> Result<()> {
        match self.command {
            None => self.train.run(),
            Some(Command::Eval(args)) => args.run(),
            Some(Command::Summary(args)) => args.run(),
            Some(Command::Images(args)) => args.run(),
            Some(Command::Finetune(args)) => args.run(),
            Some(Command::Half(args)) => args.run(),
            Some(Command::Sweep(args)) => args.run(),
            Some(Command::Check(args)) => args.run(),
        }
    }
}

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .map(|name| Preset::by_name(&name).expect("one of the possible values"))
}

fn dataset(directory: Option<&Path>, images: &DownloadArgs) -> Result<Dataset> {
    match directory.map(Path::to_path_buf).or(images.directory()?) {
        Some(directory) => open(&directory),
        None => embedded(),
    }
}

fn config_for(preset: Preset, dataset: &Dataset) -> Result<VitConfig> {
    let classes = u16::try_from(dataset.classes.len()).context("too many classes")?;
    preset.config(classes).map_err(|error| anyhow::anyhow!("{}: {error}", preset.name()))
}

fn result(found: &Evaluation) -> serde_json::Value {
    json!({
        "images": found.images,
        "correct": found.correct,
        "accuracy": found.accuracy(),
        "top5_accuracy": found.top5_accuracy(),
        "loss": found.loss,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{OptimiserName, Recipe};
    use crate::schedule::RateCourse;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["trainer"], arguments].concat())
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_override_the_recipe() {
        let cli = parse(&["--epochs", "3", "--learning-rate", "0.01", "--seed", "9"]).unwrap();
        let small = Recipe::small_data(Preset::Micro);
        let expected = Recipe { epochs: 3, learning_rate: 0.01, seed: 9, ..small };
        assert_eq!(cli.train.recipe(5_000), expected, "embedded data");
        let cli = parse(&["--preset", "seed"]).unwrap();
        assert_eq!(
            cli.train.recipe(5_000),
            Recipe::report(Preset::Seed),
            "the report's experiment"
        );
        assert_eq!(cli.train.recipe(50_000), Recipe::full_data(Preset::Seed), "full data");
        let cli = parse(&[]).unwrap();
        assert_eq!(cli.train.recipe(150).batch_size, 30, "five steps an epoch");
        assert_eq!(cli.train.recipe(3).batch_size, 1, "at least one image a step");
        let cli = parse(&["--recipe", "long"]).unwrap();
        assert_eq!(cli.train.recipe(50_000).validation, 0.02, "1,000 images");
        assert_eq!(cli.train.recipe(10_000).validation, 0.05, "500 images");
        assert_eq!(cli.train.recipe(2_000).validation, 0.1, "a tenth");
        assert_eq!(cli.train.recipe(0).validation, 0.1, "no images");
        let cli = parse(&["--preset", "seed", "--recipe", "small", "--warmup", "0.3"]).unwrap();
        let rate_course = RateCourse::Cosine { warmup: 0.3 };
        let expected = Recipe { rate_course, ..Recipe::small_data(Preset::Seed) };
        assert_eq!(cli.train.recipe(50_000), expected, "a recipe by name");
    }

    #[test]
    fn help_names_the_defaults_of_the_recipes() {
        let help = Cli::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let small = Recipe::small_data(Preset::Micro);
        let full = Recipe::full_data(Preset::Micro);
        let tuned = Recipe::finetune(Preset::Micro);
        let warmup = |recipe: &Recipe| match recipe.rate_course {
            RateCourse::Cosine { warmup } => warmup,
            RateCourse::InverseTime { .. } => panic!("no warm-up"),
        };
        for default in [
            format!(
                "[default: small {}, full {}, finetune {}]",
                small.epochs, full.epochs, tuned.epochs
            ),
            format!("[default: small {}, full and finetune {}", small.batch_size, tuned.batch_size),
            format!("[default: small {}, full and finetune {}]", warmup(&small), warmup(&tuned)),
            format!(
                "[default: muon {}, adamw {}, finetune and report {}]",
                OptimiserName::Muon.learning_rate(),
                OptimiserName::AdamW.learning_rate(),
                tuned.learning_rate
            ),
            format!("[default: {}]", small.weight_decay),
            format!("[default: {}]", small.label_smoothing),
        ] {
            assert!(help.contains(&default), "{default} is not in the help");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_a_usage_error() {
        for arguments in [
            &["--preset", "huge"][..],
            &["--epochs", "many"],
            &["--backend", "abacus"],
            &["eval"],
            &["--epochs", "3", "summary"],
            &["--train-images", "-5"],
            &["--data", "here", "--download"],
            &["--recipe", "none"],
            &["--patience", "0"],
            &["--plain", "--json"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }
}
