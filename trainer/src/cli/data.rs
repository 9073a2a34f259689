//! The options that say which images a network is trained on.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use super::dataset;
use crate::data::Dataset;
use crate::data::download::DownloadArgs;

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// Directory with a folder of pictures for each class, or with the binary version of CIFAR-10,
    /// that of `data_batch_1.bin`; without it, the embedded first 5,000 training and 1,000 test
    /// images of CIFAR-10 are used.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    images: DownloadArgs,
    /// Use only the first N training images.
    #[arg(long, value_name = "N")]
    train_images: Option<usize>,
}

impl DataArgs {
    /// The images, as many as are asked for.
    pub(super) fn dataset(&self) -> Result<Dataset> {
        let mut dataset = dataset(self.data.as_deref(), &self.images)?;
        if let Some(images) = self.train_images {
            let available = dataset.train.len();
            ensure!(
                images <= available,
                "--train-images {images} is more than the {available} training images there are"
            );
            dataset.train = dataset.train.take(images);
        }
        Ok(dataset)
    }

    /// Where they come from, in words.
    pub(super) fn source(&self) -> String {
        match (&self.data, self.images.download) {
            (Some(directory), _) => directory.display().to_string(),
            (None, true) => "downloaded CIFAR-10".to_owned(),
            (None, false) => "embedded part of CIFAR-10".to_owned(),
        }
    }
}
