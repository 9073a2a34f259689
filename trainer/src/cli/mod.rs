//! The command line.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use runtime::config::{Preset, VitConfig};
use serde_json::json;

use crate::backend::BackendChoice;
use crate::data::{self, Dataset};
use crate::eval::{Evaluation, evaluate};
use crate::ops::HostBackend;
use crate::progress::{Progress, duration};
use crate::recipe::Recipe;
use crate::record;
use crate::summary::{Summary, grouped};
use crate::train::{Run, train};

const EXAMPLES: &str = "\
Examples:
  trainer
      train `micro` on the embedded 5,000 CIFAR-10 images: some minutes, no download
  trainer --data cifar-10-batches-bin --epochs 30 --out runs/full
      train on all 50,000 images of the binary version of CIFAR-10
  trainer --preset compact --epochs 5 --train-images 1000
      a quick try of a larger network
  trainer eval best.mpk
      accuracy of a trained network on the test images
  trainer summary --preset compact
      layers, shapes, parameters and multiply-accumulates

A run leaves best.mpk (the network of the best epoch on validation images), metrics.csv and
curves.svg in the output directory. The same seed gives the same network.";

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
}

#[derive(Debug, Args)]
struct TrainArgs {
    /// Network to train.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    /// Directory with the binary version of CIFAR-10, that of `data_batch_1.bin`; without it, the
    /// embedded first 5,000 training and 1,000 test images are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Passes over the training images [default: 40; 20 with --data].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Images of one step [default: 64; 128 with --data].
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Largest learning rate, reached after the warm-up [default: 0.002].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Weight decay of matrices [default: 0.05].
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// Share of all steps during which the learning rate rises [default: 0.1; 0.05 with --data].
    #[arg(long, value_name = "SHARE")]
    warmup: Option<f64>,
    /// Probability spread over all classes instead of the label's [default: 0.1].
    #[arg(long, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// Decides starting values, validation split, order and augmentation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Use only the first N training images.
    #[arg(long, value_name = "N")]
    train_images: Option<usize>,
    /// Directory for best.mpk, metrics.csv and curves.svg.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    backend: BackendChoice,
    /// Print one JSON object for each epoch and one for the result, instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct EvalArgs {
    /// A record that `trainer` has written.
    record: PathBuf,
    /// Directory with the binary version of CIFAR-10, for all 10,000 test images instead of the
    /// embedded first 1,000.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    backend: BackendChoice,
    /// Print a JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SummaryArgs {
    /// Network to describe.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// Parses the arguments of this process; what cannot be meant ends it with exit code 2, as a
    /// request for help does with 0.
    pub fn from_arguments() -> Self {
        let cli = Self::parse();
        if let Err(error) = cli.train.recipe().check() {
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
        }
    }
}

impl TrainArgs {
    fn run(self) -> Result<()> {
        match self.backend {
            BackendChoice::Flex => self.run_on::<burn_flex::Flex>(),
            BackendChoice::Ndarray => self.run_on::<burn_ndarray::NdArray>(),
        }
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let recipe = self.recipe();
        let dataset = self.dataset()?;
        let config = config_for(self.preset, &dataset)?;
        if !self.json {
            self.announce(&config, &recipe, &dataset);
        }
        let device = B::Device::default();
        let run = Run {
            preset: self.preset.name(),
            config: &config,
            recipe: &recipe,
            dataset: &dataset,
            out: &self.out,
        };
        let mut progress = if self.json { Progress::json() } else { Progress::visible() };
        let start = Instant::now();
        let outcome = train::<B>(run, &device, &mut progress)?;
        let time = start.elapsed();
        // The file, not the network in memory: what is measured is what was written.
        let best = record::load::<B>(&outcome.record, &device)?;
        let test = evaluate(&best.model, &dataset.test, best.normalisation, &device);
        let row = &outcome.epochs[outcome.best - 1];
        if self.json {
            println!("{}", json!({ "best_epoch": outcome.best, "test": result(&test) }));
            return Ok(());
        }
        println!(
            "trained in {}; best epoch {}: validation accuracy {:.2} %",
            duration(time),
            outcome.best,
            100.0 * row.validation_accuracy
        );
        println!("wrote best.mpk, metrics.csv and curves.svg to {}", self.out.display());
        println!("test accuracy {test}");
        Ok(())
    }

    fn recipe(&self) -> Recipe {
        let base = match self.data {
            Some(_) => Recipe::full_data(self.preset),
            None => Recipe::small_data(self.preset),
        };
        Recipe {
            epochs: self.epochs.unwrap_or(base.epochs),
            batch_size: self.batch_size.unwrap_or(base.batch_size),
            learning_rate: self.learning_rate.unwrap_or(base.learning_rate),
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            warmup: self.warmup.unwrap_or(base.warmup),
            label_smoothing: self.label_smoothing.unwrap_or(base.label_smoothing),
            seed: self.seed,
            ..base
        }
    }

    fn dataset(&self) -> Result<Dataset> {
        let mut dataset = dataset(self.data.as_deref())?;
        if let Some(images) = self.train_images {
            let available = dataset.train.len();
            ensure!(
                images <= available,
                "--train-images {images} is more than the {available} training images there are"
            );
            dataset.train = dataset.train.take(images);
        }
        Ok(dataset)
    }

    fn announce(&self, config: &VitConfig, recipe: &Recipe, dataset: &Dataset) {
        println!(
            "{}: {} parameters, {} multiply-accumulates an image",
            self.preset.name(),
            grouped(config.parameters()),
            grouped(config.macs())
        );
        println!(
            "{} training images, {:.0} % of them for validation; {} epochs in batches of {} on {}",
            grouped(dataset.train.len() as u64),
            100.0 * recipe.validation,
            recipe.epochs,
            recipe.batch_size,
            self.backend
        );
    }
}

impl EvalArgs {
    fn run(self) -> Result<()> {
        match self.backend {
            BackendChoice::Flex => self.run_on::<burn_flex::Flex>(),
            BackendChoice::Ndarray => self.run_on::<burn_ndarray::NdArray>(),
        }
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let device = B::Device::default();
        let checkpoint = record::load::<B>(&self.record, &device)?;
        let dataset = dataset(self.data.as_deref())?;
        let (image, test) = (checkpoint.config.image(), &dataset.test);
        ensure!(
            (test.height(), test.width()) == (image.height, image.width)
                && dataset.classes == checkpoint.classes,
            "{} was trained on other images than CIFAR-10: {} x {} pixels, {} classes",
            self.record.display(),
            image.height,
            image.width,
            checkpoint.classes.len()
        );
        let found = evaluate(&checkpoint.model, test, checkpoint.normalisation, &device);
        if self.json {
            println!("{}", result(&found));
        } else {
            println!("test accuracy {found}");
        }
        Ok(())
    }
}

impl SummaryArgs {
    fn run(self) -> Result<()> {
        let summary = Summary::new(&self.preset.config(CLASSES)?);
        if self.json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            print!("{}", summary.table());
        }
        Ok(())
    }
}

/// Classes of CIFAR-10.
const CLASSES: u16 = 10;

fn presets() -> impl TypedValueParser<Value = Preset> {
    PossibleValuesParser::new(Preset::ALL.map(Preset::name))
        .map(|name| Preset::by_name(&name).expect("one of the possible values"))
}

fn dataset(directory: Option<&Path>) -> Result<Dataset> {
    match directory {
        Some(directory) => data::cifar10(directory),
        None => data::embedded(),
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
        assert_eq!(cli.train.recipe(), expected, "embedded data");
        let cli = parse(&["--data", "somewhere", "--preset", "seed"]).unwrap();
        assert_eq!(cli.train.recipe(), Recipe::full_data(Preset::Seed), "full data");
    }

    #[test]
    fn help_names_the_defaults_of_the_recipes() {
        let help = Cli::command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let small = Recipe::small_data(Preset::Micro);
        let full = Recipe::full_data(Preset::Micro);
        for default in [
            format!("[default: {}; {} with --data]", small.epochs, full.epochs),
            format!("[default: {}; {} with --data]", small.batch_size, full.batch_size),
            format!("[default: {}; {} with --data]", small.warmup, full.warmup),
            format!("[default: {}]", small.learning_rate),
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
            &["--backend", "cuda"],
            &["eval"],
            &["--epochs", "3", "summary"],
            &["--train-images", "-5"],
        ] {
            assert_eq!(parse(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }
}
