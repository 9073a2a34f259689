//! The work of one device in a step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Module};
use burn::optim::GradientsParams;
use burn::tensor::{ElementConversion, Tensor, TensorData, activation};

use super::attributes::AttributeLoss;
use super::background;
use super::qat::ForwardModel;
use super::regions::Regions;
use super::run::Run;
use super::scores::Scores;
use super::teacher::Teacher;
use crate::data::batch::Part;
use crate::eval::rank;
use crate::model::Vit;
use ops::HostBackend;
use runtime::explain::Tiling;

/// Held during a step.
static STEP: Mutex<()> = Mutex::new(());

/// Waits until no other run of this process is within a step.
///
/// All graphs of burn-autodiff 0.21 share one state. If several parts use the same weights, a backward pass
/// of another thread removes the weights from that state after the first part, and the next part silently
/// has no gradients for them.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    // A step that panicked leaves no state behind.
    STEP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A device that trains on parts of each batch, with its copy of the network and of the teacher.
pub(super) struct Replica<B: HostBackend> {
    device: B::Device,
    /// Receives the weights of the run's network before each step, but has its own running statistics and
    /// random draws. `None` on the device of the run's network.
    network: Option<Vit<Autodiff<B>>>,
    teacher: Option<Teacher<B>>,
    smoothing: f64,
    classes: usize,
    sides: [usize; 2],
    /// The weight of the region loss and the grid `[height, width]` of tokens.
    regions: Option<(f64, [usize; 2])>,
    attributes: Option<AttributeLoss<B>>,
    /// The pixels of each token, if the run replaces backgrounds.
    tiling: Option<Tiling>,
}

/// A part of a batch that the device may still be computing.
struct Pending<B: HostBackend> {
    gradients: GradientsParams,
    loss: Tensor<B, 1>,
    logits: Tensor<B, 2>,
}

/// Gradients and results of a part of a batch.
pub(super) struct PartResult {
    /// The gradients of the part's share in the mean loss over the whole batch.
    pub(super) gradients: GradientsParams,
    /// Sum of the images' losses.
    pub(super) loss: f64,
    /// Images whose predicted class is their label.
    pub(super) correct: usize,
    /// Number of images.
    pub(super) images: usize,
}

impl<B: HostBackend> Replica<B> {
    /// One replica for each device; the run's own network is on the first.
    ///
    /// # Errors
    /// If the run has a teacher that cannot be used.
    pub(super) fn all(
        run: &Run<'_>,
        devices: &[B::Device],
        scores: Option<&Arc<Scores>>,
    ) -> Result<Vec<Self>> {
        let replica = |(index, device): (usize, &B::Device)| {
            let (recipe, image) = (run.recipe, run.config.image());
            let seed = recipe.seed.wrapping_add(index as u64);
            let network = || Vit::new(run.config, recipe.dropout, seed, device);
            Ok(Self {
                network: (index > 0).then(network),
                teacher: Teacher::of_run(run, scores, device)?,
                smoothing: recipe.label_smoothing,
                classes: run.config.classes(),
                sides: [image.height, image.width],
                regions: recipe.region_loss.zip(run.region_grid()),
                attributes: recipe
                    .attribute_loss
                    .zip(run.attributes)
                    .map(|(weight, known)| AttributeLoss::new(weight, &known.layer, device)),
                tiling: recipe.background.and_then(|_| run.evidence_tiling()),
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
            // Not `fork`: it would share the running statistics with the original and move them.
            Some(network) => network.clone().load_record(model.clone().into_record()),
            None => model.clone(),
        }
    }

    /// Starts a part of a batch of `images` images without waiting for the device.
    fn start(
        &self,
        network: &ForwardModel<Autodiff<B>>,
        part: Part<'_>,
        images: usize,
    ) -> Pending<B> {
        let [height, width] = self.sides;
        let len = part.labels.len();
        let tensor = |images: Vec<f32>| {
            let images = TensorData::new(images, [len, 3, height, width]);
            Tensor::<B, 4>::from_data(images, &self.device)
        };
        let input = tensor(part.images.to_vec());
        let images_of_part = match (&self.tiling, part.backgrounds) {
            (Some(tiling), Some(backgrounds)) => {
                let model = network.model().valid();
                tensor(background::replace(&model, tiling, input.clone(), part, backgrounds))
            }
            _ => input.clone(),
        };
        let images_of_part = Tensor::from_inner(images_of_part);
        let (regions, attributes) =
            (self.regions(part), self.attributes.as_ref().zip(part.attributes));
        let (logits, further) = if regions.is_none() && attributes.is_none() {
            (network.forward(images_of_part), vec![])
        } else {
            let (logits, tokens) = network.forward_with_tokens(images_of_part);
            let regions = regions
                .map(|regions| self.region_loss(network.model(), regions, tokens.clone(), part));
            let attributes = attributes.map(|(loss, known)| loss.of(tokens, known));
            (logits, regions.into_iter().chain(attributes).collect())
        };
        let targets = self.targets(part.labels, part.mixed);
        let loss = -(activation::log_softmax(logits.clone(), 1) * targets).sum();
        let loss = match &self.teacher {
            Some(teacher) => {
                let wanted = teacher.log_probabilities(input, part);
                teacher.loss(wanted, logits.clone(), None, loss)
            }
            None => loss,
        };
        let loss = further.into_iter().fold(loss, |sum, loss| sum + loss) / images as f64;
        let gradients = GradientsParams::from_grads(loss.backward(), network.model());
        Pending { gradients, loss: loss.inner(), logits: logits.inner() }
    }

    /// Waits for the results of a part.
    fn finish(&self, pending: Pending<B>, part: Part<'_>, images: usize) -> PartResult {
        let logits = pending.logits.into_data().to_vec::<f32>().expect("logits are f32");
        let rows = logits.chunks_exact(self.classes).zip(part.labels);
        PartResult {
            gradients: pending.gradients,
            loss: f64::from(pending.loss.into_scalar().elem::<f32>()) * images as f64,
            correct: rows.filter(|(row, label)| rank(row, **label as usize) == 0).count(),
            images: part.labels.len(),
        }
    }

    /// The regions of a part's images, if the run has a region loss.
    fn regions(&self, part: Part<'_>) -> Option<(f64, Regions)> {
        let (weight, grid) = self.regions?;
        Some((weight, Regions::new(part.pasted?, self.sides, grid)?))
    }

    /// The loss of both regions, summed over the images of a part. The weight of a region is its share of
    /// the image. Its label has the same weight in the loss of the whole image. A teacher with scores of
    /// views has scores for each of the two images, so its loss is computed for each region.
    fn region_loss(
        &self,
        model: &Vit<Autodiff<B>>,
        (weight, regions): (f64, Regions),
        tokens: Tensor<Autodiff<B>, 3>,
        part: Part<'_>,
    ) -> Tensor<Autodiff<B>, 1> {
        let partners = part.mixed.map_or(part.labels, |(partners, _)| partners);
        let logits = model.head_logits(regions.pool(tokens));
        let found = activation::log_softmax(logits.clone(), 2);
        let [own, pasted] = regions.shares();
        let wanted = [(part.labels, own), (partners, pasted)]
            .map(|(labels, share)| self.targets(labels, None).unsqueeze_dim(1) * share);
        let loss = -(found * Tensor::cat(wanted.to_vec(), 1)).sum();
        let taught = self.teacher.as_ref().and_then(|teacher| {
            teacher.log_probabilities_of_regions(part).map(|wanted| (teacher, wanted))
        });
        let Some((teacher, wanted)) = taught else { return loss * weight };
        let shares = TensorData::new(vec![own, pasted], [1, 2, 1]);
        let shares = Tensor::from_data(shares, &self.device);
        teacher.loss(wanted, logits, Some(shares), loss) * weight
    }

    /// The target probabilities `[batch, classes]`.
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

/// Runs one part on each replica at the same time and returns the results in the order of the parts. There
/// are at most as many parts as replicas.
///
/// One thread starts the work of all devices before it waits for the first. With one thread for each device
/// the locks of burn 0.21's graphs can deadlock.
pub(super) fn run_parts<B: HostBackend>(
    replicas: &[Replica<B>],
    networks: &[ForwardModel<Autodiff<B>>],
    parts: &[Part<'_>],
    images: usize,
) -> Vec<PartResult> {
    let all = || replicas.iter().zip(parts);
    let start = |((replica, part), network): ((&Replica<B>, &Part<'_>), _)| {
        replica.start(network, *part, images)
    };
    let pending: Vec<_> = all().zip(networks).map(start).collect();
    let finish = |((replica, part), pending): ((&Replica<B>, &Part<'_>), _)| {
        replica.finish(pending, *part, images)
    };
    all().zip(pending).map(finish).collect()
}
