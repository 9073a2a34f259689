//! The options that say which images a command works on.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::Args;
use runtime::config::ImageSpec;

use super::class_folder;
use crate::data::download::DownloadArgs;
use crate::data::{Dataset, HeldOut, Labels, Reading, embedded, open};

/// Where the images come from.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// Directory with one folder of pictures for each class, or with folders train, val and test that
    /// contain such folders, or with the binary version of CIFAR-10 (`data_batch_1.bin` and so on) or
    /// CIFAR-100 (`train.bin`, `test.bin`) [default: the first 5,000 training and 1,000 test images of
    /// CIFAR-10, which are built in].
    ///
    /// Without a folder test, about a tenth of the pictures become test images. The bytes of each file decide
    /// whether it is a test image, so that it stays one when other pictures are added.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    download: DownloadArgs,
}

/// Where the images come from, and which of them are trained on.
#[derive(Debug, Args)]
pub(super) struct TrainingDataArgs {
    #[command(flatten)]
    all: DataArgs,
    /// Use the 20 coarse labels of CIFAR-100 instead of the 100 fine ones.
    #[arg(long)]
    coarse_labels: bool,
    /// Use only these classes, numbered in this order.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', conflicts_with = "leave_out")]
    classes: Option<Vec<String>>,
    /// Use all classes but these.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    leave_out: Option<Vec<String>>,
    /// Use at most N training images of each class, chosen by --seed.
    #[arg(long, value_name = "N", conflicts_with = "train_images")]
    images_per_class: Option<NonZeroUsize>,
    /// Use only the first N training images.
    #[arg(long, value_name = "N")]
    train_images: Option<usize>,
}

impl DataArgs {
    /// The directory that was given with `--data`.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Refuses outputs in a folder whose pictures are read.
    ///
    /// # Errors
    /// As [`class_folder::refuse_outputs`].
    pub(super) fn refuse_outputs(&self, outputs: &[&Path]) -> Result<()> {
        self.data.as_ref().map_or(Ok(()), |data| class_folder::refuse_outputs(data, outputs))
    }

    /// All images, in the size of the reading.
    pub(super) fn dataset(&self, reading: Reading) -> Result<Dataset> {
        match self.data.clone().or(self.download.directory()?) {
            Some(directory) => open(&directory, reading),
            None => Ok(embedded()?.resized(reading.size)),
        }
    }
}

impl TrainingDataArgs {
    /// As [`DataArgs::directory`].
    pub(super) fn directory(&self) -> Option<&Path> {
        self.all.directory()
    }

    /// As [`DataArgs::refuse_outputs`].
    pub(super) fn refuse_outputs(&self, outputs: &[&Path]) -> Result<()> {
        self.all.refuse_outputs(outputs)
    }

    /// The images in this size, with the classes and the number of training images that the options give.
    /// `seed` chooses the images of each class.
    pub(super) fn dataset(&self, held_out: HeldOut, size: ImageSpec, seed: u64) -> Result<Dataset> {
        let labels = if self.coarse_labels { Labels::Coarse } else { Labels::Fine };
        let mut dataset = self.all.dataset(Reading { labels, held_out, size })?;
        if let Some(classes) = self.chosen(&dataset.classes)? {
            dataset = dataset.of_classes(&classes)?;
        }
        if let Some(images) = self.images_per_class {
            dataset.train = dataset.train.sample_of_each(images.get(), seed);
        }
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

    /// The classes that are asked for; `None` for all.
    fn chosen(&self, all: &[String]) -> Result<Option<Vec<String>>> {
        let Some(left_out) = &self.leave_out else { return Ok(self.classes.clone()) };
        if let Some(name) = left_out.iter().find(|name| !all.contains(name)) {
            bail!("--leave-out: there is no class {name}: the classes are {}", all.join(", "));
        }
        Ok(Some(all.iter().filter(|name| !left_out.contains(name)).cloned().collect()))
    }

    /// Where the images come from, for a message.
    pub(super) fn source(&self) -> String {
        match (&self.all.data, self.all.download.download) {
            (Some(directory), _) => directory.display().to_string(),
            (None, true) => "downloaded CIFAR-10".to_owned(),
            (None, false) => "built-in part of CIFAR-10".to_owned(),
        }
    }
}
