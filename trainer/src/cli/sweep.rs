//! `trainer sweep`: one network in several depths and widths.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use runtime::config::{Preset, VitConfig};
use serde_json::json;

use super::backend::BackendArgs;
use super::data::TrainingDataArgs;
use super::preset::presets;
use super::recipe::RecipeArgs;
use super::view::ViewArgs;
use crate::backend::on_backend;
use crate::checkpoint;
use crate::data::{CIFAR10_SIZE, DataSource, Dataset, HeldOut};
use crate::eval::evaluate;
use crate::metrics;
use crate::progress::{Progress, duration};
use crate::recipe::Recipe;
use crate::run_directory::{BEST_FILE, CONFIG_FILE, CURVES_FILE, Held, METRICS_FILE, RESUME_FILE};
use crate::say;
use crate::say::even_if_closed;
use crate::sweep::{self, Cell, Shape};
use crate::train::{self, Run};
use ops::HostBackend;
use output::{self, Replaces};

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// Network to change in depth and width. The width of heads and of the MLP's hidden layer changes
    /// in proportion.
    #[arg(long, default_value = "vit-64x4", value_parser = presets())]
    preset: Preset,
    /// Numbers of blocks.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "2,4")]
    depth: Vec<u8>,
    /// Widths of a token.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "10,32,64")]
    dim: Vec<u16>,
    #[command(flatten)]
    data: TrainingDataArgs,
    #[command(flatten)]
    numbers: RecipeArgs,
    /// Directory for sweep.csv, sweep.svg and a directory for each network. Networks of the same sweep
    /// that are already there are not trained again.
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    out: PathBuf,
    #[command(flatten)]
    backend: BackendArgs,
    #[command(flatten)]
    view: ViewArgs,
}

/// A network of the sweep before it is trained.
struct Plan {
    shape: Shape,
    config: VitConfig,
    out: PathBuf,
    settings: String,
}

/// What all networks of the sweep share.
struct Shared<'a> {
    args: &'a SweepArgs,
    recipe: Recipe,
    dataset: Dataset,
    stop: &'a AtomicBool,
}

impl SweepArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.backend.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(&self) -> Result<()> {
        sweep::check(&self.out)?;
        let dataset = self.data.dataset(HeldOut::default(), CIFAR10_SIZE, self.numbers.seed)?;
        let _held = Held::take(&self.out)?;
        let recipe = self.numbers.recipe(self.preset, dataset.train.len());
        let stop = train::on_interrupt()?;
        let shared = Shared { args: self, recipe, dataset, stop: &stop };
        let plans = shared.plans()?;
        let mut cells = Vec::new();
        let mut left = Vec::new();
        for plan in plans {
            match Cell::load(&plan.out, &plan.settings)? {
                Some(cell) => cells.push(cell),
                None => left.push(plan),
            }
        }
        for plan in &left {
            plan.check()?;
        }
        if !self.view.json {
            even_if_closed(shared.announce::<B>(cells.len(), &left))?;
        }
        // The last sweep may have stopped after its last network, before the table was written.
        if !cells.is_empty() {
            sweep::write(&self.out, &mut cells)?;
        }
        for plan in &left {
            let cell = shared.train::<B>(plan)?;
            if !self.view.json {
                // An error of standard output is reported at the end.
                let _ = say!("{}", line(&cell));
            }
            cells.push(cell);
            sweep::write(&self.out, &mut cells)?;
        }
        even_if_closed(if self.view.json {
            say!("{}", json!(cells))
        } else {
            let table = sweep::markdown(&cells);
            say!("\n{table}\nwrote sweep.csv and sweep.svg to {}", self.out.display())
        })
    }
}

impl Plan {
    /// Refuses to train in a directory with a run or files that are not the sweep's, and removes what killed
    /// processes have left there.
    fn check(&self) -> Result<()> {
        ensure!(
            !self.out.join(CONFIG_FILE).exists(),
            "{} holds a run that is not a part of the sweep: choose another directory with --out",
            self.out.display()
        );
        let there = |file| self.out.join(file).exists();
        for file in [BEST_FILE, CURVES_FILE, METRICS_FILE] {
            ensure!(
                !there(file) || there(RESUME_FILE),
                "{} may not be a file of the sweep: remove it, or choose another directory with --out",
                self.out.join(file).display()
            );
        }
        if self.out.is_dir() {
            let table = Replaces::Kind { name: "the table of a run", is: metrics::is_table };
            output::check_directory(&self.out, &[METRICS_FILE], table)?;
        }
        Ok(())
    }
}

impl Shared<'_> {
    fn plans(&self) -> Result<Vec<Plan>> {
        let classes = u16::try_from(self.dataset.classes.len()).context("too many classes")?;
        let plan = |shape: Shape| {
            let config = sweep::network(self.args.preset, shape, classes)?;
            let mut settings = json!({
                "network": config.spec(),
                "recipe": self.recipe,
                "classes": self.dataset.classes,
                "train_images": self.dataset.train.len(),
                "test_images": self.dataset.test.len(),
            });
            // Only for pictures, so that sweeps of the first versions over CIFAR-10 can continue.
            if self.dataset.source == DataSource::Pictures {
                settings["source"] = json!(self.dataset.source);
            }
            let out = shape.directory(&self.args.out);
            Ok(Plan { shape, config, out, settings: settings.to_string() })
        };
        Shape::grid(&self.args.depth, &self.args.dim).into_iter().map(plan).collect()
    }

    fn run<'a>(&'a self, plan: &'a Plan) -> Run<'a> {
        let batch = self.recipe.batch_size;
        let fitting = train::micro_batch(&plan.config, batch);
        Run {
            preset: self.args.preset.name(),
            config: &plan.config,
            recipe: &self.recipe,
            dataset: &self.dataset,
            // A power of two, unless it is the whole batch: a resumed run needs the same micro-batch, and
            // the free memory is never exactly the same.
            micro_batch: if fitting < batch { 1 << fitting.ilog2() } else { batch },
            out: &plan.out,
            start: None,
            attributes: None,
            quantize: false,
            teacher: None,
            scores: None,
            resume: plan.out.join(RESUME_FILE).exists(),
            stop: self.stop,
        }
    }

    fn announce<B: HostBackend>(&self, done: usize, left: &[Plan]) -> Result<()> {
        let devices = [B::training_device()?];
        let mut time = Duration::ZERO;
        for plan in left {
            time += train::duration::<B>(&self.run(plan), &devices)?;
        }
        say!(
            "{}: {} networks, {done} of them done; about {} on this machine",
            self.args.preset.name(),
            done + left.len(),
            duration(time)
        )
    }

    fn train<B: HostBackend>(&self, plan: &Plan) -> Result<Cell> {
        let device = B::training_device()?;
        let mut progress = self.args.view.progress(Progress::hidden);
        let outcome =
            self.args.backend.backend.train(self.run(plan), NonZeroUsize::MIN, &mut progress);
        let outcome = outcome.context("the sweep has stopped: start it again to continue")?;
        progress.erase();
        let best = checkpoint::load::<B>(&outcome.checkpoint, &device)?;
        let test = evaluate(&best.model, &self.dataset.test, best.normalisation, &device);
        let cell = Cell {
            shape: plan.shape,
            parameters: plan.config.parameters(),
            macs: plan.config.macs(),
            best_epoch: outcome.best,
            validation_accuracy: outcome.epochs[outcome.best - 1].validation_accuracy,
            test_accuracy: test.accuracy(),
            test_top5_accuracy: test.top5_accuracy(),
            seconds: outcome.epochs.last().map_or(0.0, |row| row.seconds),
            settings: plan.settings.clone(),
        };
        cell.save(&plan.out)?;
        // Sixteen checkpoints of `seed` would take gigabytes.
        std::fs::remove_file(&outcome.checkpoint)
            .with_context(|| format!("cannot remove {}", outcome.checkpoint.display()))?;
        Ok(cell)
    }
}

fn line(cell: &Cell) -> String {
    format!(
        "depth {:>2}  dim {:>3}  validation {:>5.1} %  test {:>5.1} %  {}",
        cell.shape.depth,
        cell.shape.dim,
        100.0 * cell.validation_accuracy,
        100.0 * cell.test_accuracy,
        duration(Duration::from_secs_f64(cell.seconds))
    )
}
