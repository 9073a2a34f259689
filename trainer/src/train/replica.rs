//! What one device does of a step.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use burn::backend::Autodiff;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{ElementConversion, Tensor, TensorData, activation};

use super::Run;
use super::integers::Computing;
use super::regions::Regions;
use super::teacher::Teacher;
use crate::data::batch::Part;
use crate::eval::rank;
use crate::model::Vit;
use crate::ops::HostBackend;

/// Held by the step that is being made.
static STEP: Mutex<()> = Mutex::new(());

/// Waits until no other run of this process is within a step.
///
/// The graphs of burn-autodiff 0.21 share one state: after the first of several parts that are learned
/// with the same weights, a backward pass of another thread removes the weights from it, and the
/// next part has no gradients for them. Nothing reports that.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    // A step that ended early leaves nothing behind.
    STEP.lock().unwrap_or_else(PoisonError::into_inner)
}

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
    /// The weight of the regions' loss and the grid `[height, width]` of tokens.
    regions: Option<(f64, [usize; 2])>,
}

/// A part of a batch whose answers may still be computed.
struct Begun<B: HostBackend> {
    gradients: GradientsParams,
    loss: Tensor<B, 1>,
    logits: Tensor<B, 2>,
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
                regions: recipe.region_loss.zip(run.region_grid()),
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

    /// Begins to learn a part of a batch of `images` images: nothing is waited for.
    fn begin(&self, network: &Computing<Autodiff<B>>, part: Part<'_>, images: usize) -> Begun<B> {
        let [height, width] = self.sides;
        let len = part.labels.len();
        let input = TensorData::new(part.images.to_vec(), [len, 3, height, width]);
        let input = Tensor::<B, 4>::from_data(input, &self.device);
        let images_of_part = Tensor::from_inner(input.clone());
        let (logits, regions) = match self.regions(part) {
            None => (network.forward(images_of_part), None),
            Some(regions) => {
                let (logits, tokens) = network.forward_with_tokens(images_of_part);
                (logits, Some(self.region_loss(network.model(), regions, tokens, part)))
            }
        };
        let targets = self.targets(part.labels, part.mixed);
        let loss = -(activation::log_softmax(logits.clone(), 1) * targets).sum();
        let loss = match &self.teacher {
            Some(teacher) => teacher.blend(input, logits.clone(), loss),
            None => loss,
        };
        let loss = match regions {
            Some(regions) => loss + regions,
            None => loss,
        };
        let loss = loss / images as f64;
        let gradients = GradientsParams::from_grads(loss.backward(), network.model());
        Begun { gradients, loss: loss.inner(), logits: logits.inner() }
    }

    /// Reads what a part taught.
    fn end(&self, begun: Begun<B>, part: Part<'_>, images: usize) -> Lesson {
        let logits = begun.logits.into_data().to_vec::<f32>().expect("logits are f32");
        let rows = logits.chunks_exact(self.classes).zip(part.labels);
        Lesson {
            gradients: begun.gradients,
            loss: f64::from(begun.loss.into_scalar().elem::<f32>()) * images as f64,
            correct: rows.filter(|(row, label)| rank(row, **label as usize) == 0).count(),
            images: part.labels.len(),
        }
    }

    /// The regions of a part's images, where their loss counts.
    fn regions(&self, part: Part<'_>) -> Option<(f64, Regions)> {
        let (weight, grid) = self.regions?;
        Some((weight, Regions::new(part.pasted?, self.sides, grid)?))
    }

    /// The loss of both regions of a part's images, summed over them: each region counts by the share
    /// of the image that it covers, as its label does in the loss of the whole image.
    fn region_loss(
        &self,
        model: &Vit<Autodiff<B>>,
        (weight, regions): (f64, Regions),
        tokens: Tensor<Autodiff<B>, 3>,
        part: Part<'_>,
    ) -> Tensor<Autodiff<B>, 1> {
        let partners = part.mixed.map_or(part.labels, |(partners, _)| partners);
        let found = activation::log_softmax(model.head_logits(regions.pool(tokens)), 2);
        let [own, pasted] = regions.shares();
        let wanted = [(part.labels, own), (partners, pasted)]
            .map(|(labels, share)| self.targets(labels, None).unsqueeze_dim(1) * share);
        -(found * Tensor::cat(wanted.to_vec(), 1)).sum() * weight
    }

    /// The wanted probabilities `[batch, classes]`.
    fn targets(&self, labels: &[i32], mixed: Option<(&[i32], f32)>) -> Tensor<Autodiff<B>, 2> {
        let spread = (self.smoothing / self.classes as f64) as f32;
        let whole = (1.0 - self.smoothing) as f32;
        let mut targets = vec![spread; labels.len() * self.classes];
        for (image, row) in targets.chunks_exact_mut(self.classes).enumerate() {
            let (partner, share) = match mixed {
                Some((partners, share)) => (partners[image], share),
                None => (labels[image], 1.0),
            };
            row[labels[image] as usize] += whole * share;
            row[partner as usize] += whole * (1.0 - share);
        }
        let targets = TensorData::new(targets, [labels.len(), self.classes]);
        Tensor::from_data(targets, &self.device)
    }
}

/// One part on each replica at the same time, at most as many as there are replicas: what they taught,
/// in the order of the parts.
///
/// From one thread, which waits for no device before all have their work: with a thread for each, the locks
/// of burn 0.21's graphs come to wait for each other.
pub(super) fn learn<B: HostBackend>(
    replicas: &[Replica<B>],
    networks: &[Computing<Autodiff<B>>],
    parts: &[Part<'_>],
    images: usize,
) -> Vec<Lesson> {
    let all = || replicas.iter().zip(parts);
    let begin = |((replica, part), network): ((&Replica<B>, &Part<'_>), _)| {
        replica.begin(network, *part, images)
    };
    let begun: Vec<_> = all().zip(networks).map(begin).collect();
    let end =
        |((replica, part), begun): ((&Replica<B>, &Part<'_>), _)| replica.end(begun, *part, images);
    all().zip(begun).map(end).collect()
}
