//! The options that say which images a command works on.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::data::download::DownloadArgs;
use crate::data::{Dataset, HeldOut, Labels, Reading, embedded, open};

/// Where the images come from.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// Directory with one folder of pictures for each class, or with folders train, val and test of such
    /// folders, or with the binary version of CIFAR-10 (`data_batch_1.bin` and so on) or CIFAR-100
    /// (`train.bin`, `test.bin`) [default: the first 5,000 training and 1,000 test images of CIFAR-10,
    /// which are embedded].
    ///
    /// Without a folder test, about a tenth of the pictures is the test: the bytes of each file decide
    /// whether it belongs to that tenth, so that a picture stays there when others are added.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    download: DownloadArgs,
}

/// Where the images come from, and how many of them are trained on.
#[derive(Debug, Args)]
pub(super) struct TrainingDataArgs {
    #[command(flatten)]
    all: DataArgs,
    /// Of CIFAR-100, tell the 20 coarse classes apart instead of the 100 fine ones.
    #[arg(long)]
    coarse_labels: bool,
    /// Use only the first N training images.
    #[arg(long, value_name = "N")]
    train_images: Option<usize>,
}

impl DataArgs {
    /// All images.
    pub(super) fn dataset(&self, reading: Reading) -> Result<Dataset> {
        match self.data.clone().or(self.download.directory()?) {
            Some(directory) => open(&directory, reading),
            None => embedded(),
        }
    }
}

impl TrainingDataArgs {
    /// The images, with the number of training images that `--train-images` gives.
    pub(super) fn dataset(&self, held_out: HeldOut) -> Result<Dataset> {
        let labels = if self.coarse_labels { Labels::Coarse } else { Labels::Fine };
        let mut dataset = self.all.dataset(Reading { labels, held_out })?;
        if let Some(images) = self.train_images {
            let available = dataset.train.len();
            ensure!(
                images <= available,
                "--train-images is {images}, but the data has {available} training images: give at most \
                 {available}"
            );
            dataset.train = dataset.train.take(images);
        }
        Ok(dataset)
    }

    /// Where the images come from, in words.
    pub(super) fn source(&self) -> String {
        match (&self.all.data, self.all.download.download) {
            (Some(directory), _) => directory.display().to_string(),
            (None, true) => "downloaded CIFAR-10".to_owned(),
            (None, false) => "embedded part of CIFAR-10".to_owned(),
        }
    }
}
