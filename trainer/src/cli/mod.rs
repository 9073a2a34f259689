//! The command line.

mod attributes;
mod average;
mod backend;
mod begin;
mod check;
mod choice;
mod class_folder;
mod data;
mod eval;
mod finetune;
mod half;
mod images;
mod preset;
mod recipe;
mod run;
mod size;
mod summary;
mod sweep;
mod train;
mod view;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use attributes::AttributesArgs;
use average::AverageArgs;
use check::CheckArgs;
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
      train `micro` on the 5,000 built-in CIFAR-10 images: 5 to 20 minutes on two cores, no download
  trainer --data cifar-10-batches-bin --epochs 30 --out runs/full
      train on all 50,000 images of the binary version of CIFAR-10
  trainer --data pictures --out runs/mine
      train on your own pictures, one folder for each class: pictures/CLASS/ANY.jpg; starts from the
      trained `micro` that is part of the program
  trainer --data pictures --from scratch --preset micro-96
      the same from random values, with images of 96 x 96 pixels
  trainer --download --preset compact
      train on CIFAR-10 from the official archive, which is downloaded once and kept
  trainer --preset compact --epochs 5 --train-images 1000
      try a larger network quickly
  trainer --preset seed
      repeat the experiment of the student report, with its network and its recipe: takes hours
  trainer --patience 5
      stop after 5 epochs without a better validation accuracy
  trainer finetune best.mpk --quantize --out runs/int8
      train a network further and simulate the rounding of the int8 network
  trainer sweep --depth 2,4,6,8 --dim 10,32,64,128
      compare small transformers of these depths and widths in a table and a chart
  trainer eval best.mpk
      print the accuracy of a trained network on the test images
  trainer eval best.mpk --report test
      write its confusion matrix and its worst mistakes as well
  trainer attributes best.mpk full.mpk --data cifar-10-batches-bin
      teach a trained network attributes such as `wings`; its classes stay as they are
  trainer average best.mpk runs/full/best.mpk mean.mpk --data cifar-10-batches-bin
      write the mean of a network and of what it became in a later run: it often keeps the best of both
  trainer half best.mpk small.mpk
      write the same network in half precision
  trainer check pictures
      look for mistakes in your own pictures before you train on them
  trainer images pictures
      write some test images as PNG files
  trainer summary --preset compact
      print layers, shapes, parameters and multiply-accumulates

A run writes best.mpk (the network of the epoch that was best on the validation images),
config.json, metrics.csv, curves.svg and validation/ (confusion matrix, worst mistakes) to the
output directory. The same seed gives the same network. Ctrl-C ends a run early and keeps the best
network so far; --resume continues it. A directory given with --out must not hold another run. Without
--out, an earlier run in the current directory is moved to earlier-1, earlier-2 and so on.";

/// Trains small vision transformers on CIFAR-10 or on your own pictures, for export to microcontrollers.
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
    /// Train a trained network further; --quantize simulates the rounding of the int8 network.
    Finetune(Box<FinetuneArgs>),
    /// Teach a trained network attributes, such as `wings`. The network stays as it is.
    Attributes(AttributesArgs),
    /// Write the weighted mean of two networks: one, and what it became in a later run.
    Average(AverageArgs),
    /// Write a checkpoint in half precision: half the size, for storage or sharing.
    Half(HalfArgs),
    /// Train a network in several depths and widths, and compare the results.
    Sweep(Box<SweepArgs>),
    /// Look for mistakes in a directory of pictures: unreadable files, too few pictures, duplicates.
    Check(CheckArgs),
}

impl Cli {
    /// Parses the arguments of this process. Exits with code 2 if they are not valid, and with 0 after
    /// `--help` and `--version`.
    pub fn from_arguments() -> Self {
        let cli = Self::parse();
        if let Err(error) = cli.train.recipe(recipe::LARGE).check() {
            Self::command().error(ErrorKind::ValueValidation, error).exit();
        }
        cli
    }

    /// Runs the command.
    ///
    /// # Errors
    /// If a file that the command needs is missing or damaged; the message says what to do.
    pub fn run(self) -> Result<()> {
        match self.command {
            None => self.train.run(),
            Some(Command::Eval(args)) => args.run(),
            Some(Command::Summary(args)) => args.run(),
            Some(Command::Images(args)) => args.run(),
            Some(Command::Finetune(args)) => args.run(),
            Some(Command::Attributes(args)) => args.run(),
            Some(Command::Average(args)) => args.run(),
            Some(Command::Half(args)) => args.run(),
            Some(Command::Sweep(args)) => args.run(),
            Some(Command::Check(args)) => args.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{OptimiserName, Recipe};
    use crate::schedule::Schedule;
    use runtime::config::Preset;

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
        assert_eq!(cli.train.recipe(5_000), expected, "built-in images");
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
        let schedule = Schedule::Cosine { warmup: 0.3 };
        let expected = Recipe { schedule, ..Recipe::small_data(Preset::Seed) };
        assert_eq!(cli.train.recipe(50_000), expected, "a recipe by name");
    }

    #[test]
    fn help_names_the_defaults_of_the_recipes() {
        let help = Cli::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let small = Recipe::small_data(Preset::Micro);
        let full = Recipe::full_data(Preset::Micro);
        let tuned = Recipe::finetune(Preset::Micro);
        let moved = Recipe::transfer(Preset::Micro);
        let warmup = |recipe: &Recipe| match recipe.schedule {
            Schedule::Cosine { warmup } => warmup,
            Schedule::InverseTime { .. } => panic!("no warm-up"),
        };
        for default in [
            format!(
                "[default: small {}, full {}, finetune {}, transfer {}]",
                small.epochs, full.epochs, tuned.epochs, moved.epochs
            ),
            format!(
                "[default: small {}, full and finetune {}, transfer {};",
                small.batch_size, tuned.batch_size, moved.batch_size
            ),
            format!(
                "[default: small and transfer {}, full and finetune {}]",
                warmup(&small),
                warmup(&tuned)
            ),
            format!("[default: transfer {},", moved.patience.unwrap()),
            format!(
                "[default: muon {}, adamw {}, finetune and report {}, transfer {}]",
                OptimiserName::Muon.learning_rate(),
                OptimiserName::AdamW.learning_rate(),
                tuned.learning_rate,
                moved.learning_rate
            ),
            format!("[default: {}]", small.weight_decay),
            format!("[default: {}]", small.label_smoothing),
        ] {
            assert!(help.contains(&default), "{default} is not in the help");
        }
    }

    #[test]
    fn wrong_arguments_are_a_usage_error() {
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
