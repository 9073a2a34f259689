//! A training run, whatever it starts from.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use runtime::config::VitConfig;
use serde_json::json;

use super::recipe::RecipeArgs;
use super::{DataArgs, result};
use crate::backend::BackendChoice;
use crate::data::Dataset;
use crate::eval::{Evaluation, answers, evaluate};
use crate::ops::HostBackend;
use crate::output;
use crate::progress::{Progress, duration};
use crate::quantize::Simulation;
use crate::recipe::Recipe;
use crate::record::{self, Checkpoint};
use crate::report;
use crate::summary::grouped;
use crate::train::{self, BEST_FILE, Run};

/// Directory within that of a run with what the network gets wrong of the validation images.
const VALIDATION: &str = "validation";
/// What a run was asked for, in its directory.
const CONFIG_FILE: &str = "config.json";

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    #[command(flatten)]
    pub(super) numbers: RecipeArgs,
    /// Images of one forward and backward pass; the gradients of a larger batch are added up from
    /// such parts [default: as many as fit into half of the free memory].
    #[arg(long, value_name = "N")]
    micro_batch: Option<NonZeroUsize>,
    /// Record of a network that this one imitates while it learns; larger ones teach best.
    #[arg(long, value_name = "RECORD")]
    teacher: Option<PathBuf>,
    /// Go on with the run that was ended early in the output directory; all other options as they
    /// were.
    #[arg(long)]
    resume: bool,
    /// Directory for best.mpk, config.json, metrics.csv, curves.svg, and validation/ with what the
    /// best network gets wrong.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) out: PathBuf,
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    pub(super) backend: BackendChoice,
    /// Devices that learn the parts of each batch between them, where the backend has several.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    devices: NonZeroUsize,
    /// Print lines on a terminal, too, instead of a screen.
    #[arg(long)]
    plain: bool,
    /// Print one JSON object for each epoch and one for the result, instead of text.
    #[arg(long, conflicts_with = "plain")]
    json: bool,
}

/// What a run trains, and from where.
pub(super) struct Begin<'a> {
    /// Name of the network, kept in the record.
    pub(super) preset: &'a str,
    pub(super) config: &'a VitConfig,
    pub(super) recipe: &'a Recipe,
    /// The record to start from instead of seeded values, if any.
    pub(super) start: Option<&'a Path>,
    /// Whether the integer form is simulated.
    pub(super) quantize: bool,
}

impl RunArgs {
    /// Refuses a run that would replace a record that it builds on.
    fn spare(&self, record: &Path) -> Result<()> {
        let replaced = self.out.join(BEST_FILE).canonicalize().ok();
        ensure!(
            replaced.is_none() || replaced != record.canonicalize().ok(),
            "{} would be replaced by the network that this run trains: choose another --out",
            record.display()
        );
        Ok(())
    }

    /// Trains and says what came out.
    pub(super) fn run<B: HostBackend>(&self, begin: &Begin<'_>, dataset: &Dataset) -> Result<()> {
        let recipe = begin.recipe;
        for record in [begin.start, self.teacher.as_deref()].into_iter().flatten() {
            self.spare(record)?;
        }
        let devices = B::training_devices(self.devices)?;
        let device = &devices[0];
        let stop = train::on_interrupt()?;
        let run = self.plan(begin, dataset, &stop);
        if !self.json {
            self.announce(&run);
            println!("about {} on this machine", duration(train::duration::<B>(&run, &devices)?));
        }
        self.write_config(&run)?;
        let mut progress = match (self.json, self.plain) {
            (true, _) => Progress::json(),
            (_, true) => Progress::lines(),
            _ => Progress::visible(),
        };
        let start = Instant::now();
        let outcome = self.backend.train(run, self.devices, &mut progress)?;
        let time = start.elapsed();
        // The file, not the network in memory: what is measured is what was written.
        let best = record::load::<B>(&outcome.record, device)?;
        let test = evaluate(&best.model, &dataset.test, best.normalisation, device);
        let integers = self.integers(&run, &best, device)?;
        // Not on the test images: whoever looks at mistakes and changes something has chosen by them.
        let (_, validation) = run.split()?;
        let found = answers(&best.model, &validation, best.normalisation, device);
        report::write(&self.out.join(VALIDATION), &validation, &dataset.classes, &found)?;
        let (row, epochs) = (&outcome.epochs[outcome.best - 1], outcome.epochs.len());
        if self.json {
            let best = outcome.best;
            let integers = integers.as_ref().map(result);
            println!(
                "{}",
                json!({
                    "epochs": epochs,
                    "best_epoch": best,
                    "test": result(&test),
                    "simulated_int8_test": integers,
                })
            );
            return Ok(());
        }
        if epochs < recipe.epochs {
            println!(
                "ended after epoch {epochs}: the validation accuracy has not got better since"
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
        if let Some(integers) = integers {
            println!("test accuracy with int8 simulated {integers}");
        }
        Ok(())
    }

    /// What the integer form of the best network would do on the test images, where it was trained for
    /// that.
    fn integers<B: HostBackend>(
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

    fn plan<'a>(
        &'a self,
        begin: &Begin<'a>,
        dataset: &'a Dataset,
        stop: &'a AtomicBool,
    ) -> Run<'a> {
        let Begin { preset, config, recipe, start, quantize } = *begin;
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
            start,
            quantize,
            teacher: self.teacher.as_deref(),
            resume: self.resume,
            stop,
        }
    }

    /// The micro-batch of the run that goes on: now another number of images may fit into memory.
    fn micro_batch_before(&self) -> Option<NonZeroUsize> {
        let bytes =
            self.resume.then(|| std::fs::read(self.out.join(CONFIG_FILE)).ok()).flatten()?;
        let config = serde_json::from_slice::<serde_json::Value>(&bytes).ok()?;
        NonZeroUsize::new(config["micro_batch"].as_u64()?.try_into().ok()?)
    }

    /// Leaves `config.json`: everything that the run was asked for and what it found to train on. A
    /// run that goes on keeps its own, since it may yet be refused.
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
            "backend": self.backend.to_string(),
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
            format!("cannot make {}: choose another directory with --out", self.out.display())
        })?;
        let text = serde_json::to_string_pretty(&content)? + "\n";
        output::write(&path, text.as_bytes())
    }

    fn announce(&self, run: &Run<'_>) {
        let Run { config, recipe, dataset, .. } = run;
        println!(
            "{}: {} parameters, {} multiply-accumulates an image",
            run.preset,
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
