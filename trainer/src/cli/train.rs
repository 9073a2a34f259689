//! `trainer`: train a network.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::Args;
use runtime::config::{Preset, VitConfig};
use serde_json::json;

use super::{config_for, dataset, presets, result};
use crate::backend::{BackendChoice, on_backend};
use crate::data::Dataset;
use crate::data::download::DownloadArgs;
use crate::eval::evaluate;
use crate::ops::HostBackend;
use crate::progress::{Progress, duration};
use crate::recipe::{Recipe, RecipeName};
use crate::record;
use crate::schedule::RateCourse;
use crate::summary::grouped;
use crate::train::{self, Run};

/// Training images from which `full` is the default recipe.
pub(super) const LARGE: usize = 20_000;
/// Steps that an epoch has at least by default, validation images counted in.
const LEAST_STEPS: usize = 5;

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Network to train.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10,
    /// that of `data_batch_1.bin`; without it, the embedded first 5,000 training and 1,000 test
    /// images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    images: DownloadArgs,
    /// Every number below that is not given [default: full for 20,000 images and more, else report
    /// for `seed` and small for the others].
    #[arg(long, value_enum, value_name = "NAME")]
    recipe: Option<RecipeName>,
    /// Passes over the training images [default: small 40, full 20].
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Images of one step [default: small 64, full 128; less for very few
    /// images].
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Images of one forward and backward pass; the gradients of a larger batch are added up from
    /// such parts [default: as many as fit into half of the free memory].
    #[arg(long, value_name = "N")]
    micro_batch: Option<NonZeroUsize>,
    /// Largest learning rate, reached after the warm-up [default: 0.002].
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Weight decay of matrices [default: 0.05].
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,
    /// Share of all steps during which the learning rate rises, before it falls by half a cosine
    /// [default: small 0.1, full 0.05].
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
    /// Record of a network that this one imitates while it learns; larger ones teach best.
    #[arg(long, value_name = "RECORD")]
    teacher: Option<PathBuf>,
    /// Go on with the run that was ended early in the output directory; all other options as they
    /// were.
    #[arg(long)]
    resume: bool,
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

impl TrainArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let dataset = self.dataset()?;
        let recipe = self.recipe(dataset.train.len());
        let config = config_for(self.preset, &dataset)?;
        let device = B::training_device();
        let stop = train::on_interrupt()?;
        let run = self.plan(&config, &recipe, &dataset, &stop);
        if !self.json {
            self.announce(&run);
            println!("about {} on this machine", duration(train::duration::<B>(&run, &device)?));
        }
        let mut progress = if self.json { Progress::json() } else { Progress::visible() };
        let start = Instant::now();
        let outcome = self.backend.train(run, &mut progress)?;
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

    fn plan<'a>(
        &'a self,
        config: &'a VitConfig,
        recipe: &'a Recipe,
        dataset: &'a Dataset,
        stop: &'a AtomicBool,
    ) -> Run<'a> {
        let fitting = || train::micro_batch(config, recipe.batch_size);
        let micro_batch = self.micro_batch.map_or_else(fitting, NonZeroUsize::get);
        Run {
            preset: self.preset.name(),
            config,
            recipe,
            dataset,
            micro_batch: micro_batch.min(recipe.batch_size),
            out: &self.out,
            teacher: self.teacher.as_deref(),
            resume: self.resume,
            stop,
        }
    }

    /// The recipe for so many images, validation included.
    pub(super) fn recipe(&self, images: usize) -> Recipe {
        let name = self.recipe.unwrap_or(match self.preset {
            _ if images >= LARGE => RecipeName::Full,
            Preset::Seed => RecipeName::Report,
            _ => RecipeName::Small,
        });
        let base = Recipe::named(name, self.preset);
        // A few dozen pictures still make several steps an epoch.
        let batch_size = base.batch_size.min(images / LEAST_STEPS).max(1);
        Recipe {
            epochs: self.epochs.unwrap_or(base.epochs),
            batch_size: self.batch_size.unwrap_or(batch_size),
            learning_rate: self.learning_rate.unwrap_or(base.learning_rate),
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            rate_course: self
                .warmup
                .map_or(base.rate_course, |warmup| RateCourse::Cosine { warmup }),
            label_smoothing: self.label_smoothing.unwrap_or(base.label_smoothing),
            seed: self.seed,
            ..base
        }
    }

    fn dataset(&self) -> Result<Dataset> {
        let mut dataset = dataset(self.data.as_deref(), &self.images)?;
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

    fn announce(&self, run: &Run<'_>) {
        let Run { config, recipe, dataset, .. } = run;
        println!(
            "{}: {} parameters, {} multiply-accumulates an image",
            self.preset.name(),
            grouped(config.parameters()),
            grouped(config.macs())
        );
        let parts = if run.micro_batch < recipe.batch_size {
            format!(", each added up from parts of {}", run.micro_batch)
        } else {
            String::new()
        };
        println!(
            "{} training images, {:.0} % of them for validation; {} epochs in batches of {}{parts} \
             on {}",
            grouped(dataset.train.len() as u64),
            100.0 * recipe.validation,
            recipe.epochs,
            recipe.batch_size,
            self.backend
        );
    }
}
