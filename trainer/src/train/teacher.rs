//! A trained network that a smaller one imitates.
//!
//! # Source
//! Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015.

use std::path::Path;

use anyhow::Result;
use burn::backend::Autodiff;
use burn::tensor::{Tensor, activation};

use super::known;
use super::run::Run;
use crate::model::Vit;
use crate::ops::HostBackend;
use crate::recipe::Imitation;

/// A trained network and how much it counts.
pub(super) struct Teacher<B: HostBackend> {
    model: Vit<B>,
    imitation: Imitation,
}

impl<B: HostBackend> Teacher<B> {
    /// Reads a teacher for the student of `run`.
    ///
    /// # Errors
    /// As [`known::load`].
    pub(super) fn load(path: &Path, run: &Run<'_>, device: &B::Device) -> Result<Self> {
        let checkpoint = known::load::<B>(path, "teacher", run, device)?;
        Ok(Self { model: checkpoint.model, imitation: run.recipe.imitation })
    }

    /// The loss of the student's logits `[batch, classes]` on `images`, summed over them: its own
    /// `loss` and the divergence from the teacher in their shares.
    pub(super) fn blend(
        &self,
        images: Tensor<B, 4>,
        logits: Tensor<Autodiff<B>, 2>,
        loss: Tensor<Autodiff<B>, 1>,
    ) -> Tensor<Autodiff<B>, 1> {
        let Imitation { share, temperature } = self.imitation;
        let wanted = activation::log_softmax(self.model.forward(images) / temperature, 1);
        let wanted = Tensor::<Autodiff<B>, 2>::from_inner(wanted);
        let found = activation::log_softmax(logits / temperature, 1);
        let divergence = (wanted.clone().exp() * (wanted - found)).sum();
        loss * (1.0 - share) + divergence * (share * temperature * temperature)
    }
}
