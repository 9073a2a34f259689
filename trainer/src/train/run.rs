//! The settings and the results of a training run.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Result, ensure};
use burn::tensor::backend::Backend;
use runtime::config::{Pool, VitConfig};
use runtime::explain::Tiling;

use super::attributes::KnownAttributes;
use super::start::Start;
use crate::checkpoint::Checkpoint;
use crate::data::batch::BatchSpec;
use crate::data::{Dataset, Images, split};
use crate::metrics::EpochMetrics;
use crate::model::Vit;
use crate::quantize::CALIBRATION_IMAGES;
use crate::recipe::Recipe;

/// What is trained, on what, and how.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Name of the network, stored in the checkpoint.
    pub preset: &'a str,
    /// The network.
    pub config: &'a VitConfig,
    /// Its hyper-parameters.
    pub recipe: &'a Recipe,
    /// Images to train on; the test images are not touched.
    pub dataset: &'a Dataset,
    /// Images of one forward and backward pass; at least 1. A larger batch is processed in parts of this
    /// size, and batch normalisation takes its statistics over one part.
    pub micro_batch: usize,
    /// Directory that the files are written to; it is created if necessary.
    pub out: &'a Path,
    /// The network to start from; `None` for random values.
    pub start: Option<&'a Start>,
    /// The attributes of the network to start from, if they are trained.
    pub attributes: Option<&'a KnownAttributes>,
    /// Whether training and validation simulate the rounding of the int8 form ([`crate::quantize`]).
    pub quantize: bool,
    /// The checkpoint of a teacher, if any.
    pub teacher: Option<&'a Path>,
    /// Directory in which scores of teachers are kept from run to run. Only a teacher with
    /// [`views`](Recipe::views) needs it.
    pub scores: Option<&'a Path>,
    /// Whether to continue the unfinished run in the directory.
    pub resume: bool,
    /// Raised to end the run early.
    pub stop: &'a AtomicBool,
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where the best checkpoint is: `best.mpk` in the directory of the run.
    pub checkpoint: PathBuf,
    /// All epochs in order.
    pub epochs: Vec<EpochMetrics>,
    /// The epoch whose checkpoint was kept, counted from 1.
    pub best: usize,
}

impl Recipe {
    pub(super) fn batches(&self) -> BatchSpec {
        BatchSpec {
            size: self.batch_size,
            partial: self.partial_batches,
            augment: self.augment,
            views: self.views,
            mix: self.mix,
            hide: self.hide.unwrap_or(0.0),
            background: self.background.unwrap_or(0.0),
            normalisation: self.normalisation,
            seed: self.seed,
        }
    }
}

impl Run<'_> {
    /// The images to train on and the images to validate on.
    ///
    /// # Errors
    /// If no image is left for validation.
    pub fn split(&self) -> Result<(Images, Images)> {
        if let Some(validation) = &self.dataset.validation {
            return Ok((self.dataset.train.clone(), validation.clone()));
        }
        let recipe = self.recipe;
        let (train, validation) = split(&self.dataset.train, recipe.validation, recipe.seed);
        let few = "no image is left for validation: use more training images";
        ensure!(!validation.is_empty(), few);
        Ok((train, validation))
    }

    /// The training images on which the ranges of the int8 form are observed.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn calibration(&self) -> Result<Images> {
        let (train, _) = self.split()?;
        Ok(train.take(CALIBRATION_IMAGES.min(train.len())))
    }

    /// The images of [`split`](Self::split), after every check that is possible before a file is written.
    ///
    /// # Errors
    /// If the recipe, the images and the network do not fit together.
    pub(crate) fn prepare(&self) -> Result<(Images, Images)> {
        self.check()?;
        let (train, validation) = self.split()?;
        self.recipe.batches().check(&train)?;
        Ok((train, validation))
    }

    pub(super) fn check(&self) -> Result<()> {
        self.recipe.check()?;
        ensure!(self.micro_batch > 0, "the micro-batch is 0 images: give at least 1");
        let (image, images) = (self.config.image(), &self.dataset.train);
        ensure!(
            (images.height(), images.width()) == (image.height, image.width),
            "{} takes images of {} x {} pixels, but the data has images of {} x {}",
            self.preset,
            image.height,
            image.width,
            images.height(),
            images.width()
        );
        ensure!(
            self.recipe.region_loss.is_none() || self.region_grid().is_some(),
            "--region-loss needs a network with a mean pool over a grid of tokens, but {} has none: leave it out",
            self.preset
        );
        ensure!(
            self.recipe.background.is_none() || self.evidence_tiling().is_some(),
            "--replace-background needs a network whose only head layer reads the mean of a grid of tokens, but {} is \
             another one: leave it out",
            self.preset
        );
        ensure!(
            self.recipe.attribute_loss.is_some() == self.attributes.is_some(),
            "--attribute-loss needs a start from a network with attributes: add them with `trainer attributes`"
        );
        if let Some(attributes) = self.attributes {
            attributes.layer.check(self.config)?;
            attributes.values(&self.dataset.train, &self.dataset.classes)?;
        }
        ensure!(
            self.dataset.classes.len() == self.config.classes(),
            "{} is a network for {} classes, but the data has {}",
            self.preset,
            self.config.classes(),
            self.dataset.classes.len()
        );
        Ok(())
    }

    /// The grid `[height, width]` of tokens that regions of an image are pooled from; `None` if the class
    /// head does not read the mean of a grid of tokens.
    pub(super) fn region_grid(&self) -> Option<[usize; 2]> {
        let grid = self.config.token_grid()?;
        (self.config.spec().pool == Pool::Mean).then_some([grid.height, grid.width])
    }

    /// The pixels of each token of a map of evidence; `None` if the network has no such maps.
    pub(super) fn evidence_tiling(&self) -> Option<Tiling> {
        self.region_grid()?;
        self.config.spec().hidden.is_empty().then(|| Tiling::of(self.config))?
    }

    pub(super) fn checkpoint<B: Backend>(&self, model: Vit<B>) -> Checkpoint<B> {
        Checkpoint {
            preset: self.preset.to_owned(),
            config: self.config.clone(),
            classes: self.dataset.classes.clone(),
            normalisation: self.recipe.normalisation,
            source: self.dataset.source,
            model,
            attributes: self.attributes.map(|known| known.layer.clone()),
        }
    }
}
