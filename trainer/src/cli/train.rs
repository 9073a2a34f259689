//! `trainer`: train a network.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use runtime::config::{Preset, VitConfig};
use serde_json::json;

use super::recipe::RecipeArgs;
use super::{DataArgs, config_for, presets, result};
use crate::backend::{BackendChoice, on_backend};
use crate::data::Dataset;
use crate::eval::{answers, evaluate};
use crate::ops::HostBackend;
use crate::output;
use crate::progress::{Progress, duration};
use crate::recipe::Recipe;
use crate::record;
use crate::report;
use crate::summary::grouped;
use crate::train::{self, Run};

/// Directory within that of a run with what the network gets wrong of the validation images.
const VALIDATION: &str = "validation";

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Network to train.
    #[arg(long, default_value = "micro", value_parser = presets())]
    preset: Preset,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    numbers: RecipeArgs,
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
    out: PathBuf,
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    backend: BackendChoice,
    /// Print lines on a terminal, too, instead of a screen.
    #[arg(long)]
    plain: bool,
    /// Print one JSON object for each epoch and one for the result, instead of text.
    #[arg(long, conflicts_with = "plain")]
    json: bool,
}

impl TrainArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let dataset = self.data.dataset()?;
        let recipe = self.recipe(dataset.train.len());
        let config = config_for(self.preset, &dataset)?;
        let device = B::training_device();
        let stop = train::on_interrupt()?;
        let run = self.plan(&config, &recipe, &dataset, &stop);
        if !self.json {
            self.announce(&run);
            println!("about {} on this machine", duration(train::duration::<B>(&run, &device)?));
        }
        self.write_config(&run)?;
        let mut progress = match (self.json, self.plain) {
            (true, _) => Progress::json(),
            (_, true) => Progress::lines(),
            _ => Progress::visible(),
        };
        let start = Instant::now();
        let outcome = self.backend.train(run, &mut progress)?;
        let time = start.elapsed();
        // The file, not the network in memory: what is measured is what was written.
        let best = record::load::<B>(&outcome.record, &device)?;
        let test = evaluate(&best.model, &dataset.test, best.normalisation, &device);
        // Not on the test images: whoever looks at mistakes and changes something has chosen by them.
        let (_, validation) = run.split()?;
        let found = answers(&best.model, &validation, best.normalisation, &device);
        report::write(&self.out.join(VALIDATION), &validation, &dataset.classes, &found)?;
        let (row, epochs) = (&outcome.epochs[outcome.best - 1], outcome.epochs.len());
        if self.json {
            let best = outcome.best;
            println!("{}", json!({ "epochs": epochs, "best_epoch": best, "test": result(&test) }));
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
        self.numbers.recipe(self.preset, images)
    }

    /// Leaves `config.json`: everything that the run was asked for and what it found to train on. A
    /// run that goes on keeps its own, since it may yet be refused.
    fn write_config(&self, run: &Run<'_>) -> Result<()> {
        let path = self.out.join("config.json");
        if self.resume && path.exists() {
            return Ok(());
        }
        let Run { config, dataset, .. } = run;
        let (train, validation) = run.split()?;
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
            "teacher": run.teacher,
            "backend": self.backend.to_string(),
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
