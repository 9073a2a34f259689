//! `export evaluate model.bin`: the accuracy of a blob.

use super::files::{parse, read};
use super::images::Network;
use super::progress::bar;
use super::values::positive;
use anyhow::{Context, Result};
use clap::Args;
use export::verify::{self, Accuracy};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct EvaluateArgs {
    /// Blob to run.
    blob: PathBuf,
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10.
    /// Without it, the built-in 5,000 training and 1,000 test images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Test images to run; all of them by default.
    #[arg(long, value_name = "N", value_parser = positive)]
    images: Option<usize>,
    /// Print one JSON object instead of a line.
    #[arg(long)]
    json: bool,
}

impl EvaluateArgs {
    pub(super) fn run(&self) -> Result<()> {
        let bytes = read(&self.blob)?;
        let model = parse(&self.blob, &bytes)?;
        let config = model.config();
        let network = Network {
            file: &self.blob,
            config,
            classes: (0..config.classes()).map(|class| model.class_name(class)).collect(),
            source: None,
        };
        let data = network.dataset(self.data.as_deref())?;
        let images = data.test.take(self.images.unwrap_or(usize::MAX));
        let progress = bar(model.precision(), images.len());
        let classes = verify::classify(&model, &images, |images| progress.inc(images as u64))
            .with_context(|| format!("cannot evaluate {}", self.blob.display()))?;
        progress.finish_and_clear();
        let accuracy = Accuracy::count(&classes, &images);
        if self.json {
            println!("{}", serde_json::to_string(&accuracy)?);
        } else {
            println!("{} accuracy {accuracy}", model.precision());
        }
        Ok(())
    }
}
