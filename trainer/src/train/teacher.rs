//! Knowledge distillation: a trained network, the teacher, whose output the student learns as well.
//!
//! # Source
//! Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015.

use std::path::Path;

use anyhow::Result;
use burn::backend::Autodiff;
use burn::tensor::{Tensor, activation};

use super::pretrained;
use super::run::Run;
use crate::model::Vit;
use crate::ops::HostBackend;
use crate::recipe::Distillation;

/// A trained network and its part in the loss.
pub(super) struct Teacher<B: HostBackend> {
    model: Vit<B>,
    distillation: Distillation,
}

impl<B: HostBackend> Teacher<B> {
    /// Reads a teacher for the student of `run`.
    ///
    /// # Errors
    /// As [`pretrained::load`].
    pub(super) fn load(path: &Path, run: &Run<'_>, device: &B::Device) -> Result<Self> {
        let checkpoint = pretrained::load::<B>(path, "teacher", run, device)?;
        Ok(Self { model: checkpoint.model, distillation: run.recipe.distillation })
    }

    /// The loss of the student's logits `[batch, classes]`, summed over `images`: the weighted sum of its own
    /// `loss` and its divergence from the teacher.
    pub(super) fn loss(
        &self,
        images: Tensor<B, 4>,
        logits: Tensor<Autodiff<B>, 2>,
        loss: Tensor<Autodiff<B>, 1>,
    ) -> Tensor<Autodiff<B>, 1> {
        let Distillation { share, temperature } = self.distillation;
        let wanted = activation::log_softmax(self.model.forward(images) / temperature, 1);
        let wanted = Tensor::<Autodiff<B>, 2>::from_inner(wanted);
        let found = activation::log_softmax(logits / temperature, 1);
        let divergence = (wanted.clone().exp() * (wanted - found)).sum();
        loss * (1.0 - share) + divergence * (share * temperature * temperature)
    }
}
