//! `trainer eval`: the accuracy of a trained network.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use super::{dataset, result};
use crate::backend::{BackendChoice, on_backend};
use crate::data::download::DownloadArgs;
use crate::eval::answers;
use crate::ops::HostBackend;
use crate::record;
use crate::report;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// A record that `trainer` has written.
    record: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10,
    /// instead of the embedded test images.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    images: DownloadArgs,
    /// Where the arithmetic is done.
    #[arg(long, value_enum, default_value_t)]
    backend: BackendChoice,
    /// Also write confusion.csv, confusion.svg, mistakes.csv and mistakes.png to this directory.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print a JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

impl EvalArgs {
    pub(super) fn run(self) -> Result<()> {
        on_backend!(self.backend, B => self.run_on::<B>())
    }

    fn run_on<B: HostBackend>(self) -> Result<()> {
        let device = B::training_device()?;
        let checkpoint = record::load::<B>(&self.record, &device)?;
        let dataset = dataset(self.data.as_deref(), &self.images)?;
        let (image, test) = (checkpoint.config.image(), &dataset.test);
        ensure!(
            (test.height(), test.width()) == (image.height, image.width)
                && dataset.classes == checkpoint.classes,
            "{} tells {} classes apart, {}: give the images that it was trained on with --data",
            self.record.display(),
            checkpoint.classes.len(),
            checkpoint.classes.join(", ")
        );
        let answers = answers(&checkpoint.model, test, checkpoint.normalisation, &device);
        if let Some(directory) = &self.report {
            report::write(directory, test, &dataset.classes, &answers)?;
        }
        let found = answers.evaluation();
        if self.json {
            println!("{}", result(&found));
        } else {
            println!("test accuracy {found}");
        }
        Ok(())
    }
}
