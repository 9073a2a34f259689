//! The training loop.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::backend::Backend;
use burn::tensor::{ElementConversion, Tensor, TensorData, activation};
use runtime::config::VitConfig;

use crate::curves;
use crate::data::batch::{Batch, TrainBatches};
use crate::data::{Dataset, Normalisation, split};
use crate::eval::{Evaluation, evaluate, rank};
use crate::metrics::{self, EpochMetrics};
use crate::model::Vit;
use crate::ops::HostBackend;
use crate::optimiser::SplitAdamW;
use crate::progress::Progress;
use crate::recipe::Recipe;
use crate::record::{self, Checkpoint};
use crate::schedule::Schedule;

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
    /// Directory that the files are written to; made if it is not there.
    pub out: &'a Path,
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

/// Trains a network and writes `best.mpk`, `metrics.csv` and `curves.svg` after every epoch that
/// changes them.
///
/// The best epoch is the one with the highest accuracy on validation images held out from the
/// training images, of equals the one with the lower loss.
///
/// # Errors
/// If the recipe or the images do not fit, the loss stops being finite, or a file cannot be written.
pub fn train<B: HostBackend>(
    run: Run<'_>,
    device: &B::Device,
    progress: &mut Progress,
) -> Result<Outcome> {
    run.check()?;
    std::fs::create_dir_all(run.out)
        .map_err(|error| anyhow::anyhow!("cannot make {}: {error}", run.out.display()))?;
    let recipe = run.recipe;
    let (train, validation) = split(&run.dataset.train, recipe.validation, recipe.seed);
    ensure!(!validation.is_empty(), "no image is left for validation: use more training images");
    let normalisation = Normalisation::CIFAR10;
    let batches =
        TrainBatches::new(train, recipe.batch_size, recipe.augment, normalisation, recipe.seed)?;
    let steps = recipe.epochs * batches.batches_per_epoch();
    let mut trainee = Trainee::<B>::new(&run, steps, device);
    let mut outcome = Outcome { record: run.out.join("best.mpk"), epochs: Vec::new(), best: 0 };
    let mut best = None;
    let start = Instant::now();
    progress.start(recipe.epochs, batches.batches_per_epoch(), recipe.batch_size);
    for epoch in 1..=recipe.epochs {
        let sums = trainee.epoch(batches.epoch(epoch), progress)?;
        let model = trainee.model.valid();
        let found = evaluate(&model, &validation, normalisation, device);
        if best.is_none_or(|best| better(&found, &best)) {
            (best, outcome.best) = (Some(found), epoch);
            record::save(&outcome.record, &run.checkpoint(model, normalisation))?;
        }
        let row = sums.metrics(epoch, &found, start.elapsed().as_secs_f64());
        outcome.epochs.push(row);
        metrics::write_csv(&run.out.join("metrics.csv"), &outcome.epochs)?;
        curves::write_svg(&run.out.join("curves.svg"), &outcome.epochs)?;
        progress.epoch(&row, outcome.best == epoch);
    }
    progress.finish();
    Ok(outcome)
}

impl Run<'_> {
    fn check(&self) -> Result<()> {
        self.recipe.check()?;
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

    fn checkpoint<B: Backend>(&self, model: Vit<B>, normalisation: Normalisation) -> Checkpoint<B> {
        Checkpoint {
            preset: self.preset.to_owned(),
            config: self.config.clone(),
            classes: self.dataset.classes.clone(),
            normalisation,
            source: self.dataset.source,
            model,
        }
    }
}

/// Whether `new` is the better checkpoint.
fn better(new: &Evaluation, old: &Evaluation) -> bool {
    (new.correct, -new.loss) > (old.correct, -old.loss)
}

/// A network while it is trained.
struct Trainee<'a, B: HostBackend> {
    model: Vit<Autodiff<B>>,
    optimiser: SplitAdamW<Autodiff<B>, Vit<Autodiff<B>>>,
    schedule: Schedule,
    smoothing: f64,
    classes: usize,
    sides: [usize; 2],
    step: usize,
    device: &'a B::Device,
}

/// Sums over the steps of one epoch.
#[derive(Clone, Copy, Default)]
struct Sums {
    images: usize,
    loss: f64,
    correct: usize,
    rate: f64,
    seconds: f64,
}

impl<'a, B: HostBackend> Trainee<'a, B> {
    fn new(run: &Run<'_>, steps: usize, device: &'a B::Device) -> Self {
        let recipe = run.recipe;
        let model = Vit::new(run.config, recipe.dropout, recipe.seed, device);
        let image = run.config.image();
        Self {
            optimiser: SplitAdamW::new(&model, recipe.weight_decay),
            model,
            schedule: Schedule::new(recipe.learning_rate, recipe.warmup, steps),
            smoothing: recipe.label_smoothing,
            classes: run.config.classes(),
            sides: [image.height, image.width],
            step: 0,
            device,
        }
    }

    fn epoch(
        &mut self,
        batches: impl Iterator<Item = Batch>,
        progress: &mut Progress,
    ) -> Result<Sums> {
        let start = Instant::now();
        let mut sums = Sums::default();
        for batch in batches {
            self.train_on(batch, &mut sums)?;
            progress.step(sums.loss / sums.images as f64, sums.correct as f64 / sums.images as f64);
        }
        sums.seconds = start.elapsed().as_secs_f64();
        Ok(sums)
    }

    /// One step: forward, backward, update.
    fn train_on(&mut self, batch: Batch, sums: &mut Sums) -> Result<()> {
        let [height, width] = self.sides;
        let images = TensorData::new(batch.images, [batch.len, 3, height, width]);
        let logits = self.model.forward(Tensor::from_data(images, self.device));
        let targets = self.targets(&batch.labels);
        let loss =
            (activation::log_softmax(logits.clone(), 1) * targets).sum() / -(batch.len as f64);
        let value = f64::from(loss.clone().into_scalar().elem::<f32>());
        ensure!(
            value.is_finite(),
            "the loss is {value} at step {}: lower the learning rate",
            self.step + 1
        );
        sums.rate = self.schedule.rate(self.step);
        self.model = self.optimiser.step(sums.rate, self.model.clone(), loss.backward());
        self.step += 1;
        let logits = logits.into_data().to_vec::<f32>().expect("logits are f32");
        let rows = logits.chunks_exact(self.classes).zip(&batch.labels);
        sums.correct += rows.filter(|(row, label)| rank(row, **label as usize) == 0).count();
        sums.loss += value * batch.len as f64;
        sums.images += batch.len;
        Ok(())
    }

    /// The wanted probabilities `[batch, classes]`.
    fn targets(&self, labels: &[i32]) -> Tensor<Autodiff<B>, 2> {
        let spread = (self.smoothing / self.classes as f64) as f32;
        let mut targets = vec![spread; labels.len() * self.classes];
        for (row, &label) in targets.chunks_exact_mut(self.classes).zip(labels) {
            row[label as usize] += (1.0 - self.smoothing) as f32;
        }
        Tensor::from_data(TensorData::new(targets, [labels.len(), self.classes]), self.device)
    }
}

impl Sums {
    fn metrics(&self, epoch: usize, validation: &Evaluation, seconds: f64) -> EpochMetrics {
        let images = self.images as f64;
        EpochMetrics {
            epoch,
            learning_rate: self.rate,
            train_loss: self.loss / images,
            train_accuracy: self.correct as f64 / images,
            validation_loss: validation.loss,
            validation_accuracy: validation.accuracy(),
            validation_top5: validation.top5_accuracy(),
            images_per_second: images / self.seconds,
            seconds,
        }
    }
}

#[cfg(test)]
mod tests;
