//! The training loop.

mod budget;
mod course;
mod integers;
mod interrupt;
mod known;
mod replica;
mod state;
mod teacher;
mod trainee;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use burn::tensor::backend::Backend;
use runtime::config::VitConfig;

pub use budget::{duration, micro_batch};
pub(crate) use course::{BEST_FILE, RESUME_FILE};
pub use interrupt::{Interrupted, on_interrupt};

use crate::data::batch::{BatchSpec, TrainBatches};
use crate::data::{Dataset, Images, split};
use crate::metrics::EpochMetrics;
use crate::model::Vit;
use crate::ops::HostBackend;
use crate::progress::Progress;
use crate::quantize::CALIBRATION_IMAGES;
use crate::recipe::Recipe;
use crate::record::{self, Checkpoint};
use course::Course;
use trainee::Trainee;

/// What is trained, on what, and how.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Name of the network, kept in the record.
    pub preset: &'a str,
    /// The network.
    pub config: &'a VitConfig,
    /// Its hyper-parameters.
    pub recipe: &'a Recipe,
    /// Images to train on; the test images are not touched.
    pub dataset: &'a Dataset,
    /// Images of one forward and backward pass: a larger batch is added up from such parts. Batch
    /// normalisation takes its statistics over one part. At least 1.
    pub micro_batch: usize,
    /// Directory that the files are written to; made if it is not there.
    pub out: &'a Path,
    /// The record of a network to start from instead of seeded values, if any.
    pub start: Option<&'a Path>,
    /// Whether the network is trained, and its best epoch chosen, with the eight bits of its integer
    /// form simulated ([`crate::quantize`]).
    pub quantize: bool,
    /// The record of a network to imitate, if any.
    pub teacher: Option<&'a Path>,
    /// Whether to go on with the run that was ended early in the directory.
    pub resume: bool,
    /// Raised to end the run early.
    pub stop: &'a AtomicBool,
}

/// What a run leaves behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Where the best checkpoint is: `best.mpk` in the directory of the run.
    pub record: PathBuf,
    /// All epochs in order.
    pub epochs: Vec<EpochMetrics>,
    /// The epoch whose checkpoint was kept, counted from 1.
    pub best: usize,
}

/// Trains a network on one device, or several that learn the parts of each batch between them, and
/// writes `best.mpk`, `metrics.csv` and `curves.svg` after every epoch that
/// changes them.
///
/// The best epoch is the one with the highest accuracy on validation images held out from the
/// training images, of equals the one with the lower loss. A run whose recipe has a patience may end
/// before its last epoch. Until the run is over there is also
/// `resume.bin`, from which it can go on after the last finished epoch as if nothing had happened.
///
/// # Errors
/// If the recipe or the images do not fit, the loss stops being finite, a file cannot be read or
/// written, or the run is stopped: an [`Interrupted`], whose context says which epoch is kept.
pub fn train<B: HostBackend>(
    run: Run<'_>,
    devices: &[B::Device],
    progress: &mut Progress,
) -> Result<Outcome> {
    let (train, validation) = run.prepare()?;
    std::fs::create_dir_all(run.out).with_context(|| {
        format!("cannot make {}: choose another directory with --out", run.out.display())
    })?;
    let recipe = run.recipe;
    let batches = TrainBatches::new(train, recipe.batches())?;
    let steps = recipe.epochs * batches.batches_per_epoch();
    let mut trainee = Trainee::<B>::new(&run, steps, devices)?;
    let mut course = Course::start(&run, &mut trainee)?;
    let start = Instant::now();
    let before = course.epochs().last().map_or(0.0, |row| row.seconds);
    progress.start(course.epochs(), course.best(), recipe.epochs, batches.images_per_epoch());
    for epoch in course.epochs().len() + 1..=recipe.epochs {
        if recipe.patience.is_some_and(|patience| course.waited() >= patience.get()) {
            break;
        }
        let sums = trainee
            .epoch(epoch, batches.epoch(epoch), progress)
            .with_context(|| course.kept(epoch))?;
        let model = trainee.result();
        let found = trainee.evaluate(&model, &validation, recipe.normalisation);
        ensure!(
            found.loss.is_finite(),
            "epoch {epoch} left a network whose logits are no numbers: lower the learning rate; {}",
            course.kept(epoch)
        );
        let row = sums.metrics(epoch, &found, before + start.elapsed().as_secs_f64());
        let best = course.add(row, &found);
        if best {
            record::save(&course.record(), &run.checkpoint(model))?;
        }
        course.save(&trainee)?;
        progress.epoch(&row, best);
    }
    course.finish()
}

impl Recipe {
    fn batches(&self) -> BatchSpec {
        BatchSpec {
            size: self.batch_size,
            partial: self.partial_batches,
            augment: self.augment,
            mix: self.mix,
            normalisation: self.normalisation,
            seed: self.seed,
        }
    }
}

impl Run<'_> {
    /// The images to train on and those to choose the best epoch by.
    ///
    /// # Errors
    /// If there are too few images to choose by any.
    pub fn split(&self) -> Result<(Images, Images)> {
        let recipe = self.recipe;
        let (train, validation) = split(&self.dataset.train, recipe.validation, recipe.seed);
        let few = "no image is left for validation: use more training images";
        ensure!(!validation.is_empty(), few);
        Ok((train, validation))
    }

    /// The images to train on that ranges of integers are observed on.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn calibration(&self) -> Result<Images> {
        let (train, _) = self.split()?;
        Ok(train.take(CALIBRATION_IMAGES.min(train.len())))
    }

    /// The images of [`split`](Self::split), after all checks that can be made before anything is written.
    ///
    /// # Errors
    /// If the recipe, the images and the network do not fit together.
    pub(crate) fn prepare(&self) -> Result<(Images, Images)> {
        self.check()?;
        let (train, validation) = self.split()?;
        self.recipe.batches().check(&train)?;
        Ok((train, validation))
    }

    fn check(&self) -> Result<()> {
        self.recipe.check()?;
        ensure!(self.micro_batch > 0, "a micro-batch of 0 images: ask for at least 1");
        let (image, images) = (self.config.image(), &self.dataset.train);
        ensure!(
            (images.height(), images.width()) == (image.height, image.width),
            "{} takes images of {} x {} pixels, the data's have {} x {}",
            self.preset,
            image.height,
            image.width,
            images.height(),
            images.width()
        );
        ensure!(
            self.dataset.classes.len() == self.config.classes(),
            "{} tells {} classes apart, the data has {}",
            self.preset,
            self.config.classes(),
            self.dataset.classes.len()
        );
        Ok(())
    }

    fn checkpoint<B: Backend>(&self, model: Vit<B>) -> Checkpoint<B> {
        Checkpoint {
            preset: self.preset.to_owned(),
            config: self.config.clone(),
            classes: self.dataset.classes.clone(),
            normalisation: self.recipe.normalisation,
            source: self.dataset.source,
            model,
        }
    }
}

#[cfg(test)]
mod tests;
