//! The options and the course of a training run, for `trainer` and `trainer finetune`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use runtime::config::ImageSpec;
use serde_json::json;

use super::backend::BackendArgs;
use super::begin::Begin;
use super::data::TrainingDataArgs;
use super::eval;
use super::recipe::RecipeArgs;
use super::size::SizeArgs;
use super::view::ViewArgs;
use crate::backend::BackendChoice;
use crate::checkpoint::{self, Checkpoint};
use crate::data::download::cache_directory;
use crate::data::{DataSource, Dataset, HeldOut};
use crate::eval::{Evaluation, evaluate, predict};
use crate::progress::{Progress, duration};
use crate::quantize::Simulation;
use crate::recipe::{Precision, Recipe};
use crate::report;
use crate::run_directory::{Before, CONFIG_FILE, RunDirectory, VALIDATION};
use crate::say::even_if_closed;
use crate::summary::grouped;
use crate::train::{self, Outcome, Run, Stopped};
use crate::{note, say};
use ops::{Bf16Products, HostBackend};

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
    /// Table of attributes for --attribute-loss, as that of `trainer attributes` [default: attributes.csv in the
    /// directory of the pictures, and for CIFAR-10 a built-in table].
    #[arg(long, value_name = "FILE", requires = "attribute_loss")]
    table: Option<PathBuf>,
    /// Continue the unfinished run in the output directory. Give all other options as before.
    #[arg(long)]
    resume: bool,
    /// Remove the earlier run in the output directory, and every other file there that has the name of a
    /// file that this run writes.
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
    /// Directory for best.mpk, config.json, metrics.csv, curves.svg, and validation/ with the mistakes
    /// of the best network. It must not hold another run [default: the current directory, where an
    /// earlier run is moved to earlier-1, earlier-2 and so on].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) backend: BackendArgs,
    /// Number of devices that share the parts of each batch, if the backend has several.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    devices: NonZeroUsize,
    #[command(flatten)]
    view: ViewArgs,
}

impl RunArgs {
    /// The images in this size. Test images of folders are chosen by the rule of the network that the run
    /// starts from, or of the run that it continues, so that none of them has been trained on.
    pub(super) fn dataset(&self, start: Option<DataSource>, size: ImageSpec) -> Result<Dataset> {
        let before = self.config_before().map(|config| {
            // The first versions did not write it.
            serde_json::from_value(config["data"]["source"].clone()).unwrap_or(DataSource::Custom)
        });
        let source = before.or(start).unwrap_or(DataSource::Pictures);
        self.data.dataset(HeldOut::of(source), size, self.numbers.seed)
    }

    /// The file of `--table`.
    pub(super) fn table(&self) -> Option<&Path> {
        self.table.as_deref()
    }

    fn out(&self) -> &Path {
        self.out.as_deref().unwrap_or(Path::new("."))
    }

    /// The output directory for a run that starts from this checkpoint, if it starts from one.
    ///
    /// # Errors
    /// As [`RunDirectory::new`].
    pub(super) fn directory(&self, start: Option<&Path>) -> Result<RunDirectory> {
        let before = match (self.resume, self.overwrite, &self.out) {
            (true, _, _) => Before::Resume,
            (_, true, _) => Before::Overwrite,
            (_, _, Some(_)) => Before::Refuse,
            (_, _, None) => Before::Move,
        };
        let inputs = [start, self.teacher.as_deref(), self.table()];
        let inputs: Vec<_> = inputs.into_iter().flatten().collect();
        let [run, report] = [CONFIG_FILE, VALIDATION].map(|name| self.out().join(name));
        self.data.refuse_outputs(&[&run, &report.join(CONFIG_FILE)])?;
        RunDirectory::new(self.out(), before, &inputs)
    }

    /// Trains, measures the best network and prints the result. The run continues if the reader of standard
    /// output goes away.
    pub(super) fn run<B: HostBackend>(
        &self,
        begin: &Begin,
        dataset: &Dataset,
        directory: &mut RunDirectory,
    ) -> Result<()> {
        let recipe = &begin.recipe;
        let devices = B::training_devices(self.devices)?;
        let device = &devices[0];
        let stop = train::on_interrupt()?;
        let scores = self.scores(recipe)?;
        let run = Run { scores: scores.as_deref(), ..self.plan(begin, dataset, &stop) };
        if self.view.json {
            train::check::<B>(&run, &devices)?;
        } else {
            even_if_closed(self.announce(&run, &begin.origin))?;
            let time = duration(train::duration::<B>(&run, &devices)?);
            let most = if recipe.patience.is_some() { "at most about" } else { "about" };
            even_if_closed(say!("{most} {time} on this machine"))?;
        }
        self.write_config(&run, directory)?;
        let mut progress = self.view.progress(Progress::json);
        let start = Instant::now();
        let outcome = self.backend.backend.train(run, self.devices, &mut progress);
        let outcome = outcome.map_err(|error| match error.downcast_ref::<Stopped>() {
            Some(Stopped { resumable: true, .. }) => error.context(
                "the training has stopped: continue it with --resume and the same options",
            ),
            _ => error,
        })?;
        let time = start.elapsed();
        // Read from the file, so that the measured network is the written one.
        let best = checkpoint::load::<B>(&outcome.checkpoint, device)?;
        let test = evaluate(&best.model, &dataset.test, best.normalisation, device);
        let int8 = self.simulated_int8(&run, &best, device)?;
        // The report is about validation images. A person who changes options after a look at mistakes on
        // the test images would fit the network to the test.
        let (_, validation) = run.split()?;
        let found = predict(&best.model, &validation, best.normalisation, device);
        report::write(&self.out().join(VALIDATION), &validation, &dataset.classes, &found, None)?;
        even_if_closed(self.print(recipe, &outcome, time, (&test, int8.as_ref())))
    }

    fn print(
        &self,
        recipe: &Recipe,
        outcome: &Outcome,
        time: Duration,
        (test, int8): (&Evaluation, Option<&Evaluation>),
    ) -> Result<()> {
        let (row, epochs) = (&outcome.epochs[outcome.best - 1], outcome.epochs.len());
        if self.view.json {
            let best = outcome.best;
            return say!(
                "{}",
                json!({
                    "epochs": epochs,
                    "best_epoch": best,
                    "test": eval::json(test),
                    "simulated_int8_test": int8.map(eval::json),
                })
            );
        }
        if epochs < recipe.epochs {
            say!("stopped after epoch {epochs}: the validation accuracy did not improve any more")?;
        }
        say!(
            "trained in {}; best epoch {}: validation accuracy {:.2} %",
            duration(time),
            outcome.best,
            100.0 * row.validation_accuracy
        )?;
        say!(
            "wrote best.mpk, config.json, metrics.csv, curves.svg and {VALIDATION}/ to {}",
            self.out().display()
        )?;
        say!("test accuracy {test}")?;
        if let Some(int8) = int8 {
            say!("test accuracy of the simulated int8 network {int8}")?;
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
        let Begin { preset, config, recipe, start, attributes, quantize, .. } = begin;
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
            out: self.out(),
            start: start.as_ref(),
            attributes: attributes.as_ref(),
            quantize: *quantize,
            teacher: self.teacher.as_deref(),
            scores: None,
            resume: self.resume,
            stop,
        }
    }

    /// The micro-batch of the run that is resumed. A new estimate could differ, because the free memory
    /// changes.
    fn micro_batch_before(&self) -> Option<NonZeroUsize> {
        let micro_batch = self.config_before()?["micro_batch"].as_u64()?;
        NonZeroUsize::new(micro_batch.try_into().ok()?)
    }

    /// The settings of the run that is resumed.
    fn config_before(&self) -> Option<serde_json::Value> {
        let bytes =
            self.resume.then(|| std::fs::read(self.out().join(CONFIG_FILE)).ok()).flatten()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Makes room for the run and writes `config.json`: its settings and the size of its data. A resumed run
    /// keeps the file that it has, because the run may still be refused.
    fn write_config(&self, run: &Run<'_>, directory: &mut RunDirectory) -> Result<()> {
        let path = self.out().join(CONFIG_FILE);
        if self.resume && path.exists() {
            return directory.clear();
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
            // As text, because a path that is not Unicode is no JSON.
            "teacher": run.teacher.map(|path| path.to_string_lossy()),
            "backend": self.backend.backend.to_string(),
            "devices": self.devices,
            "data": {
                "images": self.data.source(),
                "source": dataset.source,
                "classes": dataset.classes,
                "train": train.len(),
                "validation": validation.len(),
                "test": dataset.test.len(),
            },
        });
        directory.clear()?;
        let text = serde_json::to_string_pretty(&content)? + "\n";
        output::write(&path, text.as_bytes())
    }

    fn announce(&self, run: &Run<'_>, origin: &str) -> Result<()> {
        let Run { config, recipe, dataset, .. } = run;
        say!(
            "{}: {} parameters, {} multiply-accumulates per image",
            run.preset,
            grouped(config.parameters()),
            grouped(config.macs())
        )?;
        let image = config.image();
        say!(
            "images of {} x {} pixels, {} tokens, {} bytes of memory for an int8 run",
            image.width,
            image.height,
            config.tokens(),
            grouped(config.arena_len() as u64)
        )?;
        say!("{origin}")?;
        let parts = if run.micro_batch < recipe.batch_size {
            format!(" (in parts of {})", run.micro_batch)
        } else {
            String::new()
        };
        let validation = match &dataset.validation {
            Some(images) => format!("{} more for validation", grouped(images.len() as u64)),
            None => format!("{:.0} % of them for validation", 100.0 * recipe.validation),
        };
        say!(
            "{} training images, {validation}; {} epochs in batches of {}{parts} on {}",
            grouped(dataset.train.len() as u64),
            recipe.epochs,
            recipe.batch_size,
            self.backend.backend
        )?;
        let on_processor =
            matches!(self.backend.backend, BackendChoice::Flex | BackendChoice::Ndarray);
        if recipe.precision == Precision::Bf16 && !on_processor {
            note!(
                "--precision bf16 is only for the backends of the processor: products are in f32"
            );
        } else if recipe.precision == Precision::Bf16 && !Bf16Products::are_used() {
            note!("--precision bf16 has no effect on this processor: products are in f32");
        }
        Ok(())
    }
}
