//! `trainer eval`: the accuracy of a trained network.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::backend::BackendArgs;
use super::data::DataArgs;
use crate::backend::on_backend;
use crate::checkpoint;
use crate::data::Reading;
use crate::eval::{Evaluation, predict};
use crate::output::{self, Replaces};
use crate::summary::listed;
use crate::{report, say};
use ops::HostBackend;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// Checkpoint that `trainer` has written.
    checkpoint: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Also write confusion.csv, confusion.svg, mistakes.csv and mistakes.png to this directory.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace a report that already exists.
    #[arg(long, requires = "report")]
    overwrite: bool,
    /// Print a JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

impl EvalArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.backend.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        if let Some(directory) = &self.report {
            let files = report::FILES.map(|file| directory.join(file));
            output::refuse_inputs(&files.each_ref().map(PathBuf::as_path), &[&self.checkpoint])?;
            output::check_directory(directory, &report::FILES, Replaces::if_told(self.overwrite))?;
        }
        let device = B::training_device()?;
        let checkpoint = checkpoint::load::<B>(&self.checkpoint, &device)?;
        let size = checkpoint.config.spec().image;
        let reading = Reading::of_network(checkpoint.classes.len(), checkpoint.source, size);
        let dataset = self.data.dataset(reading)?.for_network(&checkpoint.classes)?;
        let test = &dataset.test;
        ensure!(
            dataset.classes == checkpoint.classes,
            "{} is a network for {} classes ({}): give images of these classes with --data",
            self.checkpoint.display(),
            checkpoint.classes.len(),
            listed(&checkpoint.classes)
        );
        let predictions = predict(&checkpoint.model, test, checkpoint.normalisation, &device);
        if let Some(directory) = &self.report {
            report::write(directory, test, &dataset.classes, &predictions)?;
        }
        let found = predictions.evaluation();
        if self.json { say!("{}", json(&found)) } else { say!("test accuracy {found}") }
    }
}

/// The result as JSON.
pub(super) fn json(found: &Evaluation) -> serde_json::Value {
    json!({
        "images": found.images,
        "correct": found.correct,
        "accuracy": found.accuracy(),
        "top5_accuracy": found.top5_accuracy(),
        "loss": found.loss,
    })
}
