//! A network while it is trained: forward, backward, update.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{ElementConversion, Tensor, TensorData, activation};

use super::integers::{Computing, Integers};
use super::state::State;
use super::teacher::Teacher;
use super::{Interrupted, Run, known};
use crate::data::batch::{Batch, Part};
use crate::data::{Images, Normalisation};
use crate::eval::{Evaluation, evaluate, rank};
use crate::gradients;
use crate::metrics::EpochMetrics;
use crate::model::{Average, Vit};
use crate::ops::HostBackend;
use crate::optimiser::SplitAdamW;
use crate::progress::Progress;
use crate::recipe::AverageSpec;
use crate::record;
use crate::schedule::Schedule;

/// A network with what changes while it is trained.
pub(super) struct Trainee<'a, B: HostBackend> {
    model: Vit<Autodiff<B>>,
    optimiser: SplitAdamW<Autodiff<B>, Vit<Autodiff<B>>>,
    schedule: Schedule,
    smoothing: f64,
    classes: usize,
    sides: [usize; 2],
    micro_batch: usize,
    clip: f64,
    average: Option<(AverageSpec, Average<B>)>,
    teacher: Option<Teacher<B>>,
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
    /// The network that a run of so many steps starts with.
    ///
    /// # Errors
    /// If the run has a start or a teacher that cannot be used.
    pub(super) fn new(run: &Run<'a>, steps: usize, device: &'a B::Device) -> Result<Self> {
        let recipe = run.recipe;
        let model = start::<B>(run, device)?;
        let image = run.config.image();
        let average = |spec: AverageSpec| (spec, Average::new(model.valid(), spec.decay));
        let teacher = run.teacher.map(|path| Teacher::load(path, run, device)).transpose()?;
        let integers = run.quantize.then(|| Integers::new(run, &model.valid(), device));
        Ok(Self {
            average: recipe.average.map(average),
            teacher,
            integers: integers.transpose()?,
            clip: recipe.clip,
            optimiser: SplitAdamW::new(&model, recipe.moments, recipe.weight_decay),
            model,
            schedule: Schedule::new(recipe.learning_rate, recipe.rate_course, steps),
            smoothing: recipe.label_smoothing,
            classes: run.config.classes(),
            sides: [image.height, image.width],
            micro_batch: run.micro_batch,
            step: 0,
            stop: run.stop,
            device,
        })
    }

    /// The network to validate and keep: the average, where there is one.
    pub(super) fn result(&self) -> Vit<B> {
        match &self.average {
            Some((_, average)) => average.model().clone(),
            None => self.model.valid(),
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
        let mut gradients = GradientsAccumulator::new();
        let computing = self.computing();
        for part in batch.parts(self.micro_batch) {
            if self.stop.load(Ordering::Relaxed) {
                bail!(Interrupted);
            }
            let found = self.learn(&computing, part, batch.len, sums)?;
            gradients.accumulate(&self.model, found);
            let images = sums.images as f64;
            progress.images(part.labels.len(), sums.loss / images, sums.correct as f64 / images);
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

    /// What a step computes with; gradients for it are gradients for [`Self::model`].
    fn computing(&self) -> Computing<Autodiff<B>> {
        match &self.integers {
            None => Computing::Floats(self.model.clone()),
            Some(integers) => Computing::Integers(integers.store(&self.model)),
        }
    }

    /// The gradient of the part's share in the mean loss over `images` images.
    fn learn(
        &self,
        computing: &Computing<Autodiff<B>>,
        part: Part<'_>,
        images: usize,
        sums: &mut Sums,
    ) -> Result<GradientsParams> {
        let [height, width] = self.sides;
        let len = part.labels.len();
        let input = TensorData::new(part.images.to_vec(), [len, 3, height, width]);
        let input = Tensor::<B, 4>::from_data(input, self.device);
        let images_in = Tensor::from_inner(input.clone());
        let logits = computing.forward(images_in);
        let targets = self.targets(part);
        let loss = -(activation::log_softmax(logits.clone(), 1) * targets).sum();
        let loss = match &self.teacher {
            Some(teacher) => teacher.blend(input, logits.clone(), loss),
            None => loss,
        };
        let loss = loss / images as f64;
        let value = f64::from(loss.clone().into_scalar().elem::<f32>());
        ensure!(
            value.is_finite(),
            "the loss is {value} at step {}: lower the learning rate",
            self.step + 1
        );
        let logits = logits.into_data().to_vec::<f32>().expect("logits are f32");
        let rows = logits.chunks_exact(self.classes).zip(part.labels);
        sums.correct += rows.filter(|(row, label)| rank(row, **label as usize) == 0).count();
        sums.loss += value * images as f64;
        sums.images += len;
        Ok(GradientsParams::from_grads(loss.backward(), computing.model()))
    }

    /// The wanted probabilities `[batch, classes]`.
    fn targets(&self, part: Part<'_>) -> Tensor<Autodiff<B>, 2> {
        let spread = (self.smoothing / self.classes as f64) as f32;
        let whole = (1.0 - self.smoothing) as f32;
        let mut targets = vec![spread; part.labels.len() * self.classes];
        for (image, row) in targets.chunks_exact_mut(self.classes).enumerate() {
            let (partner, share) = match part.mixed {
                Some((partners, share)) => (partners[image], share),
                None => (part.labels[image], 1.0),
            };
            row[part.labels[image] as usize] += whole * share;
            row[partner as usize] += whole * (1.0 - share);
        }
        Tensor::from_data(TensorData::new(targets, [part.labels.len(), self.classes]), self.device)
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
