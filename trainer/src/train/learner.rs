//! A network in training: forward pass, backward pass, update.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::GradientsAccumulator;

use super::ema::Ema;
use super::interrupt::Interrupted;
use super::qat::{ForwardModel, Qat};
use super::replica::{self, Replica};
use super::run::Run;
use super::scores::Scores;
use super::state::State;
use super::transfer::transfer;
use crate::checkpoint;
use crate::data::batch::Batch;
use crate::data::{Images, Normalisation};
use crate::eval::{Evaluation, evaluate};
use crate::gradients;
use crate::metrics::EpochMetrics;
use crate::model::Vit;
use crate::optimiser::Optimiser;
use crate::progress::Progress;
use crate::recipe::{EmaSpec, HeadFirst, Precision};
use crate::schedule::LearningRates;
use ops::HostBackend;

/// A network in training with its optimiser and everything else that changes from step to step.
pub(super) struct Learner<'a, B: HostBackend> {
    model: Vit<Autodiff<B>>,
    optimiser: Optimiser<Autodiff<B>, Vit<Autodiff<B>>>,
    rates: LearningRates,
    head_first: Option<HeadFirst>,
    /// Whether only the head learns in this epoch.
    frozen: bool,
    /// Steps before all weights learn.
    head_steps: usize,
    replicas: Vec<Replica<B>>,
    micro_batch: usize,
    clip: f64,
    precision: Precision,
    ema: Option<(EmaSpec, Ema<B>)>,
    qat: Option<Qat>,
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

impl<'a, B: HostBackend> Learner<'a, B> {
    /// The network that a run starts with, on the first device; there must be at least one. Each epoch has
    /// `steps` steps. `scores` are the scores of the teacher, if they are known.
    ///
    /// # Errors
    /// If the network to start from or the teacher cannot be used.
    pub(super) fn new(
        run: &Run<'a>,
        steps: usize,
        devices: &'a [B::Device],
        scores: Option<&Arc<Scores>>,
    ) -> Result<Self> {
        let head_steps = run.recipe.head_epochs() * steps;
        let steps = run.recipe.epochs * steps - head_steps;
        let (recipe, device) = (run.recipe, &devices[0]);
        let model = start::<B>(run, device)?;
        let ema = |spec: EmaSpec| (spec, Ema::new(model.valid(), spec.decay));
        let qat = run.quantize.then(|| Qat::new(run, &model.valid(), device));
        Ok(Self {
            ema: recipe.ema.map(ema),
            replicas: Replica::all(run, devices, scores)?,
            qat: qat.transpose()?,
            clip: recipe.clip,
            precision: recipe.precision,
            optimiser: Optimiser::new(&model, recipe),
            model,
            rates: LearningRates::new(recipe.learning_rate, recipe.schedule, steps),
            micro_batch: run.micro_batch,
            head_first: recipe.head_first,
            frozen: false,
            head_steps,
            step: 0,
            stop: run.stop,
            device,
        })
    }

    /// The network to validate and keep: the EMA if it has been updated, else the network itself.
    pub(super) fn result(&self) -> Vit<B> {
        match &self.ema {
            Some((_, ema)) if ema.updates() > 0 => ema.model().clone(),
            _ => self.model.valid(),
        }
    }

    /// Writes everything into `state` from which this network can continue.
    pub(super) fn save(&self, state: &mut State) -> Result<()> {
        state.step = self.step;
        state.model = checkpoint::model_bytes(&self.model)?;
        state.moments = self.optimiser.to_bytes()?;
        let ema = self.ema.as_ref().map(|(_, ema)| ema);
        let bytes =
            |ema: &Ema<B>| checkpoint::model_bytes(ema.model()).map(|bytes| (bytes, ema.updates()));
        state.ema = ema.map(bytes).transpose()?;
        Ok(())
    }

    /// Continues from a state of the same run.
    pub(super) fn resume(&mut self, state: &mut State) -> Result<()> {
        self.step = state.step;
        let bytes = mem::take(&mut state.model);
        self.model = checkpoint::load_model(self.model.clone(), bytes, self.device)?;
        self.optimiser.load_bytes(mem::take(&mut state.moments), self.device)?;
        if let (Some((spec, ema)), Some((bytes, updates))) = (&mut self.ema, state.ema.take()) {
            let model = checkpoint::load_model(ema.model().clone(), bytes, self.device)?;
            *ema = Ema::resumed(model, spec.decay, updates);
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
        self.frozen = self.head_first.is_some_and(|first| epoch <= first.epochs);
        self.model.start_epoch(epoch);
        self.replicas.iter().for_each(|replica| replica.start_epoch(epoch));
        if let Some(qat) = &mut self.qat {
            qat.observe(&self.model.valid(), self.device);
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
        let _bf16 = self.precision.begin();
        let mut gradients = GradientsAccumulator::new();
        let forward_model = |replica: &Replica<B>| self.forward_model(replica.copy(&self.model));
        let networks: Vec<_> = self.replicas.iter().map(forward_model).collect();
        let parts: Vec<_> = batch.parts(self.micro_batch).collect();
        for parts in parts.chunks(self.replicas.len()) {
            if self.stop.load(Ordering::Relaxed) {
                bail!(Interrupted);
            }
            for result in replica::run_parts(&self.replicas, &networks, parts, batch.len) {
                ensure!(
                    result.loss.is_finite(),
                    "the loss is {} at step {}: lower the learning rate",
                    result.loss,
                    self.step + 1
                );
                let found = result.gradients.to_device(self.device, &self.model);
                gradients.accumulate(&self.model, found);
                sums.loss += result.loss;
                sums.correct += result.correct;
                sums.images += result.images;
                let images = sums.images as f64;
                progress.images(result.images, sums.loss / images, sums.correct as f64 / images);
            }
        }
        sums.rate = self.rate();
        let mut gradients = gradients.grads();
        if self.clip.is_finite() {
            gradients::clip(&self.model, &mut gradients, self.clip);
        }
        self.model = self.optimiser.step(sums.rate, self.model.clone(), gradients);
        self.step += 1;
        if let Some((spec, ema)) = &mut self.ema
            && self.step.is_multiple_of(spec.every)
        {
            ema.update(&self.model.valid());
        }
        Ok(())
    }

    /// The learning rate of the next step.
    fn rate(&self) -> f64 {
        match self.head_first {
            Some(first) if self.frozen => first.learning_rate,
            _ => self.rates.rate(self.step.saturating_sub(self.head_steps)),
        }
    }

    /// Evaluates a network of this run, in its int8 form if the run trains for that.
    pub(super) fn evaluate(
        &self,
        model: &Vit<B>,
        images: &Images,
        normalisation: Normalisation,
    ) -> Evaluation {
        match &self.qat {
            None => evaluate(model, images, normalisation, self.device),
            Some(qat) => qat.evaluate(model, images, self.device),
        }
    }

    /// The network of the forward pass; its gradients are those of `model`.
    fn forward_model(&self, model: Vit<Autodiff<B>>) -> ForwardModel<Autodiff<B>> {
        match &self.qat {
            _ if self.frozen => ForwardModel::Head(model),
            None => ForwardModel::Float(model),
            Some(qat) => ForwardModel::Int8(qat.store(&model)),
        }
    }
}

/// Random values from the seed, or the values of the network that the run starts from, with a new head for
/// other classes.
fn start<B: HostBackend>(run: &Run<'_>, device: &B::Device) -> Result<Vit<Autodiff<B>>> {
    let recipe = run.recipe;
    let model = Vit::new(run.config, recipe.dropout, recipe.seed, device);
    let Some(start) = run.start else { return Ok(model) };
    let context = || format!("{start} cannot be the start of {}", run.preset);
    let trained = start.load::<B>(device).with_context(context)?;
    ensure!(
        trained.normalisation == recipe.normalisation,
        "{}: it normalises pixels differently: train it with a recipe that has the same normalisation",
        context()
    );
    let new_head = trained.classes != run.dataset.classes;
    transfer(&trained, model, run.config, new_head).with_context(context)
}

impl Sums {
    /// The metrics of the epoch, with the result on the validation images.
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
