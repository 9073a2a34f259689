//! Knowledge distillation: a trained network, the teacher, from whose output the student also learns.
//!
//! # Source
//! Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015.

use std::sync::Arc;

use anyhow::Result;
use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorData, activation};

use super::pretrained;
use super::run::Run;
use super::scores::Scores;
use crate::data::batch::Part;
use crate::model::Vit;
use crate::recipe::Distillation;
use ops::HostBackend;

/// A trained network and its part in the loss.
pub(super) struct Teacher<B: HostBackend> {
    source: Source<B>,
    distillation: Distillation,
    device: B::Device,
}

/// Where the teacher's logits come from.
enum Source<B: HostBackend> {
    /// A forward pass over each batch.
    Network(Box<Vit<B>>),
    /// A table of all views.
    Scores(Arc<Scores>),
}

impl<B: HostBackend> Teacher<B> {
    /// The teacher of `run`, if it has one. With `scores` the network itself is not loaded.
    ///
    /// # Errors
    /// As [`pretrained::load`].
    pub(super) fn of_run(
        run: &Run<'_>,
        scores: Option<&Arc<Scores>>,
        device: &B::Device,
    ) -> Result<Option<Self>> {
        let Some(path) = run.teacher else { return Ok(None) };
        let source = match scores {
            Some(scores) => Source::Scores(Arc::clone(scores)),
            None => Source::Network(Box::new(
                pretrained::load::<B>(path, "teacher", run, device)?.model,
            )),
        };
        let distillation = run.recipe.distillation;
        Ok(Some(Self { source, distillation, device: device.clone() }))
    }

    /// The logarithms of the teacher's probabilities `[batch, classes]` for the images of a part, which are
    /// also in `images`. For a mixed image, scores of views are mixed like labels.
    pub(super) fn log_probabilities(&self, images: Tensor<B, 4>, part: Part<'_>) -> Tensor<B, 2> {
        match (&self.source, part.views) {
            (Source::Scores(scores), Some([own, partners])) => {
                let share = part.mixed.map_or(1.0, |(_, share)| share);
                let rows = own.iter().zip(partners).flat_map(|(&own, &partner)| {
                    let [own, partner] = [own, partner].map(|row| self.probabilities(scores, row));
                    own.into_iter()
                        .zip(partner)
                        .map(move |(own, partner)| share * own + (1.0 - share) * partner)
                });
                self.logarithms(rows, own.len())
            }
            (Source::Network(model), _) => {
                activation::log_softmax(model.forward(images) / self.distillation.temperature, 1)
            }
            (Source::Scores(_), None) => unreachable!("a run with scores has views"),
        }
    }

    /// The logarithms of the teacher's probabilities `[batch, 2, classes]` for the two images in each image
    /// of a part; `None` without scores of views.
    pub(super) fn log_probabilities_of_regions(&self, part: Part<'_>) -> Option<Tensor<B, 3>> {
        let Source::Scores(scores) = &self.source else { return None };
        let [own, partners] = part.views?;
        let rows = own.iter().zip(partners).flat_map(|(&own, &partner)| {
            [own, partner].into_iter().flat_map(|row| self.probabilities(scores, row))
        });
        let logarithms = self.logarithms(rows, 2 * own.len());
        let classes = logarithms.dims()[1];
        Some(logarithms.reshape([own.len(), 2, classes]))
    }

    /// The weighted sum of a student's own `loss` and the divergence of its `logits` from the teacher's
    /// log-probabilities `wanted`, both `[…, classes]`. The divergences are weighted by `weights`, `[…, 1]`,
    /// if they are given. Losses are sums over the images.
    pub(super) fn loss<const D: usize>(
        &self,
        wanted: Tensor<B, D>,
        logits: Tensor<Autodiff<B>, D>,
        weights: Option<Tensor<Autodiff<B>, D>>,
        loss: Tensor<Autodiff<B>, 1>,
    ) -> Tensor<Autodiff<B>, 1> {
        let Distillation { share, temperature } = self.distillation;
        let wanted = Tensor::<Autodiff<B>, D>::from_inner(wanted);
        let found = activation::log_softmax(logits / temperature, D - 1);
        let divergence = wanted.clone().exp() * (wanted - found);
        let divergence = match weights {
            Some(weights) => divergence * weights,
            None => divergence,
        };
        loss * (1.0 - share) + divergence.sum() * (share * temperature * temperature)
    }

    /// The probabilities of a row of scores at the temperature of distillation.
    fn probabilities(&self, scores: &Scores, row: usize) -> Vec<f32> {
        let temperature = self.distillation.temperature as f32;
        let logits: Vec<f32> = scores.row(row).collect();
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut powers: Vec<f32> =
            logits.iter().map(|logit| ((logit - largest) / temperature).exp()).collect();
        let sum: f32 = powers.iter().sum();
        powers.iter_mut().for_each(|power| *power /= sum);
        powers
    }

    /// The logarithms of `rows` rows of probabilities. A probability of 0 counts as the smallest normal
    /// number, whose product with its logarithm is nearly 0 too.
    fn logarithms(&self, probabilities: impl Iterator<Item = f32>, rows: usize) -> Tensor<B, 2> {
        let values: Vec<f32> =
            probabilities.map(|value| value.max(f32::MIN_POSITIVE).ln()).collect();
        let classes = values.len() / rows.max(1);
        Tensor::from_data(TensorData::new(values, [rows, classes]), &self.device)
    }
}
