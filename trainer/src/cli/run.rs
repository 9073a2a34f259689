//! The options and the course of a training run, for `trainer` and `trainer finetune`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;

use super::backend::BackendArgs;
use super::begin::Begin;
use super::data::TrainingDataArgs;
use super::eval;
use super::recipe::RecipeArgs;
use super::size::SizeArgs;
use super::view::ViewArgs;
use crate::checkpoint::{self, Checkpoint};
use crate::data::Dataset;
use crate::data::download::cache_directory;
use crate::eval::{Evaluation, evaluate, predict};
use crate::ops::HostBackend;
use crate::output;
use crate::progress::{Progress, duration};
use crate::quantize::Simulation;
use crate::recipe::Recipe;
use crate::report;
use crate::summary::grouped;
use crate::train::{self, BEST_FILE, Run, Start};

/// Directory of the report about the validation images, within the output directory.
const VALIDATION: &str = "validation";
/// The settings of a run, within the output directory.
const CONFIG_FILE: &str = "config.json";

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) data: TrainingDataArgs,
    #[command(flatten)]
    pub(super) size: SizeArgs,
    #[command(flatten)]
    pub(super) numbers: RecipeArgs,
    /// Images of one forward and backward pass. A larger batch is processed in parts of this size, and
    /// their gradients are added up [default: as many as fit into half of the free memory].
    #[arg(long, value_name = "N")]
    micro_batch: Option<NonZeroUsize>,
    /// Checkpoint of a teacher: the network is also trained on the predictions of the teacher (knowledge
    /// distillation). Choose a larger and more accurate network.
    #[arg(long, value_name = "CHECKPOINT")]
    teacher: Option<PathBuf>,
    /// Directory in which the teacher's scores of views are kept from run to run (see --views) [default:
    /// scores in the cache directory of downloads].
    #[arg(long, value_name = "DIR", requires = "teacher")]
    teacher_scores: Option<PathBuf>,
    /// Continue the unfinished run in the output directory. Give all other options as before.
    #[arg(long)]
    resume: bool,
    /// Directory for best.mpk, config.json, metrics.csv, curves.svg, and validation/ with the mistakes
    /// of the best network.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) backend: BackendArgs,
    /// Number of devices that share the parts of each batch, if the backend has several.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    devices: NonZeroUsize,
    #[command(flatten)]
    view: ViewArgs,
}

impl RunArgs {
    /// Refuses a run that would replace a checkpoint that it reads.
    fn spare(&self, checkpoint: &Path) -> Result<()> {
        let replaced = self.out.join(BEST_FILE).canonicalize().ok();
        ensure!(
            replaced.is_none() || replaced != checkpoint.canonicalize().ok(),
            "{} would be replaced by the network that this run trains: choose another --out",
            checkpoint.display()
        );
        Ok(())
    }

    /// Trains, measures the best network and prints the result.
    pub(super) fn run<B: HostBackend>(&self, begin: &Begin, dataset: &Dataset) -> Result<()> {
        let recipe = &begin.recipe;
        let start = begin.start.as_ref().and_then(Start::path);
        for checkpoint in [start, self.teacher.as_deref()].into_iter().flatten() {
            self.spare(checkpoint)?;
        }
        let devices = B::training_devices(self.devices)?;
        let device = &devices[0];
        let stop = train::on_interrupt()?;
        let scores = self.scores(recipe)?;
        let run = Run { scores: scores.as_deref(), ..self.plan(begin, dataset, &stop) };
        if !self.view.json {
            self.announce(&run, &begin.origin);
            let time = duration(train::duration::<B>(&run, &devices)?);
            let most = if recipe.patience.is_some() { "at most about" } else { "about" };
            println!("{most} {time} on this machine");
        }
        self.write_config(&run)?;
        let mut progress = self.view.progress(Progress::json);
        let start = Instant::now();
        let outcome = self.backend.backend.train(run, self.devices, &mut progress)?;
        let time = start.elapsed();
        // Read from the file, so that the network that is measured is the one that was written.
        let best = checkpoint::load::<B>(&outcome.checkpoint, device)?;
        let test = evaluate(&best.model, &dataset.test, best.normalisation, device);
        let int8 = self.simulated_int8(&run, &best, device)?;
        // The report is about validation images. A person who changes options after a look at mistakes on
        // the test images would fit the network to the test.
        let (_, validation) = run.split()?;
        let found = predict(&best.model, &validation, best.normalisation, device);
        report::write(&self.out.join(VALIDATION), &validation, &dataset.classes, &found)?;
        let (row, epochs) = (&outcome.epochs[outcome.best - 1], outcome.epochs.len());
        if self.view.json {
            let best = outcome.best;
            println!(
                "{}",
                json!({
                    "epochs": epochs,
                    "best_epoch": best,
                    "test": eval::json(&test),
                    "simulated_int8_test": int8.as_ref().map(eval::json),
                })
            );
            return Ok(());
        }
        if epochs < recipe.epochs {
            println!(
                "stopped after epoch {epochs}: the validation accuracy did not improve any more"
            );
        }
        println!(
            "trained in {}; best epoch {}: validation accuracy {:.2} %",
            duration(time),
            outcome.best,
            100.0 * row.validation_accuracy
        );
        println!(
            "wrote best.mpk, config.json, metrics.csv, curves.svg and {VALIDATION}/ to {}",
            self.out.display()
        );
        println!("test accuracy {test}");
        if let Some(int8) = int8 {
            println!("test accuracy of the simulated int8 network {int8}");
        }
        Ok(())
    }

    /// The simulated accuracy of the int8 form on the test images, if the network was trained for it.
    fn simulated_int8<B: HostBackend>(
        &self,
        run: &Run<'_>,
        best: &Checkpoint<B>,
        device: &B::Device,
    ) -> Result<Option<Evaluation>> {
        if !run.quantize {
            return Ok(None);
        }
        let calibration = run.calibration()?;
        let simulation = Simulation::observe(&best.model, &calibration, best.normalisation, device);
        Ok(Some(simulation.evaluate(&best.model, &run.dataset.test, device)))
    }

    /// Where the scores of the teacher are kept, if the run needs them.
    fn scores(&self, recipe: &Recipe) -> Result<Option<PathBuf>> {
        if self.teacher.is_none() || recipe.views.is_none() {
            return Ok(None);
        }
        match &self.teacher_scores {
            Some(directory) => Ok(Some(directory.clone())),
            None => Ok(Some(cache_directory()?.join("scores"))),
        }
    }

    fn plan<'a>(&'a self, begin: &'a Begin, dataset: &'a Dataset, stop: &'a AtomicBool) -> Run<'a> {
        let Begin { preset, config, recipe, start, quantize, .. } = begin;
        let share = recipe.batch_size.div_ceil(self.devices.get());
        let fitting = || train::micro_batch(config, recipe.batch_size).min(share);
        let micro_batch = self.micro_batch.or_else(|| self.micro_batch_before());
        let micro_batch = micro_batch.map_or_else(fitting, NonZeroUsize::get);
        Run {
            preset,
            config,
            recipe,
            dataset,
            micro_batch: micro_batch.min(recipe.batch_size),
            out: &self.out,
            start: start.as_ref(),
            quantize: *quantize,
            teacher: self.teacher.as_deref(),
            scores: None,
            resume: self.resume,
            stop,
        }
    }

    /// The micro-batch of the run that is resumed: by now a different number may fit into memory.
    fn micro_batch_before(&self) -> Option<NonZeroUsize> {
        let bytes =
            self.resume.then(|| std::fs::read(self.out.join(CONFIG_FILE)).ok()).flatten()?;
        let config = serde_json::from_slice::<serde_json::Value>(&bytes).ok()?;
        NonZeroUsize::new(config["micro_batch"].as_u64()?.try_into().ok()?)
    }

    /// Writes `config.json`: the settings of the run and the size of its data. A resumed run keeps the
    /// file that it has, because the run may still be refused.
    fn write_config(&self, run: &Run<'_>) -> Result<()> {
        let path = self.out.join(CONFIG_FILE);
        if self.resume && path.exists() {
            return Ok(());
        }
        let Run { config, dataset, .. } = run;
        let (train, validation) = run.prepare()?;
        let arguments = std::env::args_os().skip(1);
        let arguments = arguments.map(|text| text.to_string_lossy().into_owned());
        let content = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "arguments": arguments.collect::<Vec<_>>(),
            "preset": run.preset,
            "network": config.spec(),
            "parameters": config.parameters(),
            "macs": config.macs(),
            "recipe": run.recipe,
            "micro_batch": run.micro_batch,
            "start": run.start,
            "quantize": run.quantize,
            "teacher": run.teacher,
            "backend": self.backend.backend.to_string(),
            "devices": self.devices,
            "data": {
                "images": self.data.source(),
                "classes": dataset.classes,
                "train": train.len(),
                "validation": validation.len(),
                "test": dataset.test.len(),
            },
        });
        std::fs::create_dir_all(&self.out).with_context(|| {
            format!("cannot create {}: choose another directory with --out", self.out.display())
        })?;
        let text = serde_json::to_string_pretty(&content)? + "\n";
        output::write(&path, text.as_bytes())
    }

    fn announce(&self, run: &Run<'_>, origin: &str) {
        let Run { config, recipe, dataset, .. } = run;
        println!(
            "{}: {} parameters, {} multiply-accumulates per image",
            run.preset,
            grouped(config.parameters()),
            grouped(config.macs())
        );
        let image = config.image();
        println!(
            "images of {} x {} pixels, {} tokens, {} bytes of memory for an int8 run",
            image.width,
            image.height,
            config.tokens(),
            grouped(config.arena_len() as u64)
        );
        println!("{origin}");
        let parts = if run.micro_batch < recipe.batch_size {
            format!(" (in parts of {})", run.micro_batch)
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
            self.backend.backend
        );
    }
}
