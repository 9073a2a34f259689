//! What one device does of a step.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use anyhow::Result;
use burn::backend::Autodiff;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{ElementConversion, Tensor, TensorData, activation};

use super::Run;
use super::integers::Computing;
use super::teacher::Teacher;
use crate::data::batch::Part;
use crate::eval::rank;
use crate::model::Vit;
use crate::ops::HostBackend;

/// A device that learns parts of each batch, and how their answers are judged there.
pub(super) struct Replica<B: HostBackend> {
    device: B::Device,
    /// Takes the weights of the run's network before each step; its running statistics and random
    /// draws are its own. `None` where the run's network is itself.
    network: Option<Vit<Autodiff<B>>>,
    teacher: Option<Teacher<B>>,
    smoothing: f64,
    classes: usize,
    sides: [usize; 2],
}

/// What a part of a batch taught.
pub(super) struct Lesson {
    /// Those of the part's share in the mean loss over the whole batch.
    pub(super) gradients: GradientsParams,
    /// Sum of the images' losses.
    pub(super) loss: f64,
    /// Images whose likeliest class was the labelled one.
    pub(super) correct: usize,
    /// Images.
    pub(super) images: usize,
}

impl<B: HostBackend> Replica<B> {
    /// One for each of the devices; the run's own network is on the first.
    ///
    /// # Errors
    /// If the run has a teacher that cannot be used.
    pub(super) fn all(run: &Run<'_>, devices: &[B::Device]) -> Result<Vec<Self>> {
        let replica = |(index, device): (usize, &B::Device)| {
            let (recipe, image) = (run.recipe, run.config.image());
            let seed = recipe.seed.wrapping_add(index as u64);
            let network = || Vit::new(run.config, recipe.dropout, seed, device);
            Ok(Self {
                network: (index > 0).then(network),
                teacher: run.teacher.map(|path| Teacher::load(path, run, device)).transpose()?,
                smoothing: recipe.label_smoothing,
                classes: run.config.classes(),
                sides: [image.height, image.width],
                device: device.clone(),
            })
        };
        devices.iter().enumerate().map(replica).collect()
    }

    /// Starts the random draws of an epoch.
    pub(super) fn start_epoch(&self, epoch: usize) {
        if let Some(network) = &self.network {
            network.start_epoch(epoch);
        }
    }

    /// `model` on this device.
    pub(super) fn copy(&self, model: &Vit<Autodiff<B>>) -> Vit<Autodiff<B>> {
        match &self.network {
            // Not a fork: burn's shares its running statistics with the original, and moves them.
            Some(network) => network.clone().load_record(model.clone().into_record()),
            None => model.clone(),
        }
    }

    /// Learns a part of a batch of `images` images.
    fn learn(&self, network: &Computing<Autodiff<B>>, part: Part<'_>, images: usize) -> Lesson {
        let [height, width] = self.sides;
        let len = part.labels.len();
        let input = TensorData::new(part.images.to_vec(), [len, 3, height, width]);
        let input = Tensor::<B, 4>::from_data(input, &self.device);
        let logits = network.forward(Tensor::from_inner(input.clone()));
        let targets = self.targets(part);
        let loss = -(activation::log_softmax(logits.clone(), 1) * targets).sum();
        let loss = match &self.teacher {
            Some(teacher) => teacher.blend(input, logits.clone(), loss),
            None => loss,
        };
        let loss = loss / images as f64;
        let value = f64::from(loss.clone().into_scalar().elem::<f32>());
        let logits = logits.into_data().to_vec::<f32>().expect("logits are f32");
        let rows = logits.chunks_exact(self.classes).zip(part.labels);
        Lesson {
            gradients: GradientsParams::from_grads(loss.backward(), network.model()),
            loss: value * images as f64,
            correct: rows.filter(|(row, label)| rank(row, **label as usize) == 0).count(),
            images: len,
        }
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
        let targets = TensorData::new(targets, [part.labels.len(), self.classes]);
        Tensor::from_data(targets, &self.device)
    }
}

/// One part on each replica at the same time, at most as many as there are replicas: what they taught,
/// in the order of the parts.
pub(super) fn learn<B: HostBackend>(
    replicas: &[Replica<B>],
    networks: &[Computing<Autodiff<B>>],
    parts: &[Part<'_>],
    images: usize,
) -> Vec<Lesson> {
    let learn = |((replica, network), part): ((&Replica<B>, _), &Part<'_>)| {
        replica.learn(network, *part, images)
    };
    let mut all = replicas.iter().zip(networks).zip(parts);
    thread::scope(|scope| {
        let first = all.next();
        let others: Vec<_> = all.map(|one| scope.spawn(move || learn(one))).collect();
        // On this thread: running statistics remember which threads they came from.
        let mut lessons: Vec<_> = first.map(learn).into_iter().collect();
        let join =
            |other: ScopedJoinHandle<'_, _>| other.join().unwrap_or_else(|e| resume_unwind(e));
        lessons.extend(others.into_iter().map(join));
        lessons
    })
}
