//! A network while it is trained: forward, backward, update.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::GradientsAccumulator;

use super::integers::{Computing, Integers};
use super::replica::{self, Replica};
use super::state::State;
use super::{Interrupted, Run, known};
use crate::data::batch::Batch;
use crate::data::{Images, Normalisation};
use crate::eval::{Evaluation, evaluate};
use crate::gradients;
use crate::metrics::EpochMetrics;
use crate::model::{Average, Vit};
use crate::ops::HostBackend;
use crate::optimiser::Optimiser;
use crate::progress::Progress;
use crate::recipe::AverageSpec;
use crate::record;
use crate::schedule::Schedule;

/// A network with what changes while it is trained.
pub(super) struct Trainee<'a, B: HostBackend> {
    model: Vit<Autodiff<B>>,
    optimiser: Optimiser<Autodiff<B>, Vit<Autodiff<B>>>,
    schedule: Schedule,
    replicas: Vec<Replica<B>>,
    micro_batch: usize,
    clip: f64,
    average: Option<(AverageSpec, Average<B>)>,
    integers: Option<Integers>,
    step: usize,
    stop: &'a AtomicBool,
    device: &'a B::Device,
}

/// Sums over the steps of one epoch.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    images: usize,
    loss: f64,
    correct: usize,
    rate: f64,
    seconds: f64,
}

impl<'a, B: HostBackend> Trainee<'a, B> {
    /// The network that a run of so many steps starts with, on the first of the devices; there is
    /// one at least.
    ///
    /// # Errors
    /// If the run has a start or a teacher that cannot be used.
    pub(super) fn new(run: &Run<'a>, steps: usize, devices: &'a [B::Device]) -> Result<Self> {
        let (recipe, device) = (run.recipe, &devices[0]);
        let model = start::<B>(run, device)?;
        let average = |spec: AverageSpec| (spec, Average::new(model.valid(), spec.decay));
        let integers = run.quantize.then(|| Integers::new(run, &model.valid(), device));
        Ok(Self {
            average: recipe.average.map(average),
            replicas: Replica::all(run, devices)?,
            integers: integers.transpose()?,
            clip: recipe.clip,
            optimiser: Optimiser::new(&model, recipe),
            model,
            schedule: Schedule::new(recipe.learning_rate, recipe.rate_course, steps),
            micro_batch: run.micro_batch,
            step: 0,
            stop: run.stop,
            device,
        })
    }

    /// The network to validate and keep: the average, where there is one yet.
    pub(super) fn result(&self) -> Vit<B> {
        match &self.average {
            Some((_, average)) if average.updates() > 0 => average.model().clone(),
            _ => self.model.valid(),
        }
    }

    /// Writes into `state` what this network needs to go on.
    pub(super) fn save(&self, state: &mut State) -> Result<()> {
        state.step = self.step;
        state.model = record::model_bytes(&self.model)?;
        state.moments = self.optimiser.to_bytes()?;
        let average = self.average.as_ref().map(|(_, average)| average);
        let bytes = |average: &Average<B>| {
            record::model_bytes(average.model()).map(|bytes| (bytes, average.updates()))
        };
        state.average = average.map(bytes).transpose()?;
        Ok(())
    }

    /// Goes on from a state of this same run.
    pub(super) fn resume(&mut self, state: &mut State) -> Result<()> {
        self.step = state.step;
        let bytes = mem::take(&mut state.model);
        self.model = record::load_model(self.model.clone(), bytes, self.device)?;
        self.optimiser.load_bytes(mem::take(&mut state.moments), self.device)?;
        if let (Some((spec, average)), Some((bytes, updates))) =
            (&mut self.average, state.average.take())
        {
            let model = record::load_model(average.model().clone(), bytes, self.device)?;
            *average = Average::resumed(model, spec.decay, updates);
        }
        Ok(())
    }

    /// All steps of one epoch, counted from 1.
    pub(super) fn epoch(
        &mut self,
        epoch: usize,
        batches: impl Iterator<Item = Batch>,
        progress: &mut Progress,
    ) -> Result<Sums> {
        let start = Instant::now();
        let mut sums = Sums::default();
        self.model.start_epoch(epoch);
        self.replicas.iter().for_each(|replica| replica.start_epoch(epoch));
        if let Some(integers) = &mut self.integers {
            integers.observe(&self.model.valid(), self.device);
        }
        for batch in batches {
            self.train_on(&batch, &mut sums, progress)?;
        }
        sums.seconds = start.elapsed().as_secs_f64();
        Ok(sums)
    }

    /// One step: the gradient of the mean loss over the batch, added up over its parts, and one
    /// update.
    pub(super) fn train_on(
        &mut self,
        batch: &Batch,
        sums: &mut Sums,
        progress: &mut Progress,
    ) -> Result<()> {
        let _alone = replica::alone();
        let mut gradients = GradientsAccumulator::new();
        let computing = |replica: &Replica<B>| self.computing(replica.copy(&self.model));
        let networks: Vec<_> = self.replicas.iter().map(computing).collect();
        let parts: Vec<_> = batch.parts(self.micro_batch).collect();
        for parts in parts.chunks(self.replicas.len()) {
            if self.stop.load(Ordering::Relaxed) {
                bail!(Interrupted);
            }
            for lesson in replica::learn(&self.replicas, &networks, parts, batch.len) {
                ensure!(
                    lesson.loss.is_finite(),
                    "the loss is {} at step {}: lower the learning rate",
                    lesson.loss,
                    self.step + 1
                );
                let found = lesson.gradients.to_device(self.device, &self.model);
                gradients.accumulate(&self.model, found);
                sums.loss += lesson.loss;
                sums.correct += lesson.correct;
                sums.images += lesson.images;
                let images = sums.images as f64;
                progress.images(lesson.images, sums.loss / images, sums.correct as f64 / images);
            }
        }
        sums.rate = self.schedule.rate(self.step);
        let mut gradients = gradients.grads();
        if self.clip.is_finite() {
            gradients::clip(&self.model, &mut gradients, self.clip);
        }
        self.model = self.optimiser.step(sums.rate, self.model.clone(), gradients);
        self.step += 1;
        if let Some((spec, average)) = &mut self.average
            && self.step.is_multiple_of(spec.every)
        {
            average.update(&self.model.valid());
        }
        Ok(())
    }

    /// How well a network of this run does, as it is to be used.
    pub(super) fn evaluate(
        &self,
        model: &Vit<B>,
        images: &Images,
        normalisation: Normalisation,
    ) -> Evaluation {
        match &self.integers {
            None => evaluate(model, images, normalisation, self.device),
            Some(integers) => integers.evaluate(model, images, self.device),
        }
    }

    /// What a step computes with `model`; gradients for it are gradients for `model`.
    fn computing(&self, model: Vit<Autodiff<B>>) -> Computing<Autodiff<B>> {
        match &self.integers {
            None => Computing::Floats(model),
            Some(integers) => Computing::Integers(integers.store(&model)),
        }
    }
}

/// Seeded values, or those of the record that the run starts from.
fn start<B: HostBackend>(run: &Run<'_>, device: &B::Device) -> Result<Vit<Autodiff<B>>> {
    let recipe = run.recipe;
    let model = Vit::new(run.config, recipe.dropout, recipe.seed, device);
    let Some(path) = run.start else { return Ok(model) };
    let trained = known::load::<B>(path, "start", run, device)?;
    ensure!(
        trained.config == *run.config,
        "{} holds a network of another shape than {}",
        path.display(),
        run.preset
    );
    record::load_model(model, record::model_bytes(&trained.model)?, device)
}

impl Sums {
    /// The epoch's line, with what its network does on the validation images.
    pub(super) fn metrics(
        &self,
        epoch: usize,
        validation: &Evaluation,
        seconds: f64,
    ) -> EpochMetrics {
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
