//! `trainer eval`: the accuracy of a trained network.

use std::iter;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::backend::BackendArgs;
use super::data::DataArgs;
use crate::attributes::{Scores, Table};
use crate::backend::on_backend;
use crate::checkpoint;
use crate::data::Reading;
use crate::eval::{Evaluation, predict, predict_pooled};
use crate::evidence::evidence;
use crate::summary::listed;
use crate::{report, say};
use ops::HostBackend;
use output::{self, Replaces};

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// Checkpoint that `trainer` has written.
    checkpoint: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    backend: BackendArgs,
    /// Table that says which images have which attributes, as `trainer attributes` reads it; for a network with
    /// attributes.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
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
            let table = Table::file(self.table.as_deref(), self.data.directory());
            let inputs: Vec<_> =
                iter::once(&self.checkpoint).chain(&table).map(PathBuf::as_path).collect();
            output::refuse_inputs(&files.each_ref().map(PathBuf::as_path), &inputs)?;
            self.data.refuse_outputs(&files.each_ref().map(PathBuf::as_path))?;
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
        let (model, normalisation) = (&checkpoint.model, checkpoint.normalisation);
        let (predictions, scores) = match &checkpoint.attributes {
            None => (predict(model, test, normalisation, &device), None),
            Some(attributes) => {
                let classes = &dataset.classes;
                let table = Table::find(self.table.as_deref(), self.data.directory(), classes)?;
                let table = table.of_names(&attributes.names)?;
                let labels = table.labels(test, classes)?;
                let (predictions, pooled) = predict_pooled(model, test, normalisation, &device);
                let (logits, known) = (attributes.logits(&pooled), predictions.probabilities());
                (predictions, Some(Scores::new(&labels, &logits, &known, classes, &table)))
            }
        };
        if let Some(directory) = &self.report {
            let (images, classes): (Vec<_>, Vec<_>) =
                report::shown(&predictions).into_iter().unzip();
            let network = (model, &checkpoint.config);
            let maps = evidence(network, &test.subset(&images), &classes, normalisation, &device);
            report::write(directory, test, &dataset.classes, &predictions, maps.as_ref())?;
        }
        let found = predictions.evaluation();
        if self.json {
            let mut object = json(&found);
            if let Some(scores) = scores {
                object["attributes"] = serde_json::to_value(scores.attributes)?;
            }
            return say!("{object}");
        }
        say!("test accuracy {found}")?;
        scores.map_or(Ok(()), |scores| say!("{scores}"))
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
