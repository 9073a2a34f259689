//! `trainer attributes`: adds attributes to a trained network.

use std::iter;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use burn_flex::Flex;
use clap::Args;
use runtime::config::Pool;

use super::data::DataArgs;
use crate::attributes::{self, Table};
use crate::checkpoint;
use crate::data::Reading;
use crate::eval::predict_pooled;
use crate::say;
use crate::summary::grouped;
use output::{self, Replaces};

#[derive(Debug, Args)]
pub(super) struct AttributesArgs {
    /// Checkpoint that `trainer` has written.
    checkpoint: PathBuf,
    /// Checkpoint to write: the same network, with attributes.
    out: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Table of attributes: a CSV file with a row for each class or picture, and 0 or 1 for each attribute.
    /// By default, attributes.csv in the directory of the pictures is used, and for CIFAR-10 a built-in
    /// table.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Use at most N training images, chosen by --seed.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    images: usize,
    /// Seed for the choice of training images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replace the file that is there already.
    #[arg(long)]
    overwrite: bool,
}

impl AttributesArgs {
    pub(super) fn run(self) -> Result<()> {
        let table = Table::file(self.table.as_deref(), self.data.directory());
        let inputs: Vec<_> =
            iter::once(&self.checkpoint).chain(&table).map(PathBuf::as_path).collect();
        output::refuse_inputs(&[&self.out], &inputs)?;
        self.data.refuse_outputs(&[&self.out])?;
        output::check(&self.out, Replaces::if_told(self.overwrite))?;
        let device = Default::default();
        let mut checkpoint = checkpoint::load::<Flex>(&self.checkpoint, &device)?;
        ensure!(
            checkpoint.config.spec().pool == Pool::Mean,
            "{} does not take the mean of its tokens, so it can have no attributes: train another preset",
            self.checkpoint.display()
        );
        let size = checkpoint.config.spec().image;
        let reading = Reading::of_network(checkpoint.classes.len(), checkpoint.source, size);
        let dataset = self.data.dataset(reading)?.for_network(&checkpoint.classes)?;
        let table = Table::find(self.table.as_deref(), self.data.directory(), &dataset.classes)?;
        let images = dataset.train.sample(self.images, self.seed);
        let labels = table.labels(&images, &dataset.classes)?;
        let (_, pooled) =
            predict_pooled(&checkpoint.model, &images, checkpoint.normalisation, &device);
        let (attributes, selection) = attributes::train(&pooled, images.labels(), &labels)
            .with_context(|| format!("cannot add attributes to {}", self.checkpoint.display()))?;
        say!(
            "{} attributes from {} training images, penalty {}",
            attributes.names.len(),
            grouped(images.len() as u64),
            selection.penalty
        )?;
        if let Some(precision) = selection.left_out {
            say!("on classes that were left out: mean average precision {precision:.4}")?;
        }
        checkpoint.attributes = Some(attributes);
        checkpoint::save(&self.out, &checkpoint)
    }
}
