//! A trained network that a smaller one imitates.
//!
//! # Source
//! Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::backend::Autodiff;
use burn::tensor::{Tensor, activation};

use super::Run;
use crate::model::Vit;
use crate::ops::HostBackend;
use crate::recipe::Imitation;
use crate::record;

/// A trained network and how much it counts.
pub(super) struct Teacher<B: HostBackend> {
    model: Vit<B>,
    imitation: Imitation,
}

impl<B: HostBackend> Teacher<B> {
    /// Reads a teacher for the student of `run`.
    ///
    /// # Errors
    /// If the record cannot be read, or its network takes other images or tells other classes
    /// apart than the student's.
    pub(super) fn load(path: &Path, run: &Run<'_>, device: &B::Device) -> Result<Self> {
        let context = || format!("{} cannot be the teacher", path.display());
        let checkpoint = record::load::<B>(path, device).with_context(context)?;
        let check = || {
            ensure!(
                checkpoint.config.image() == run.config.image(),
                "it takes images of another size: train it on the same images"
            );
            ensure!(
                checkpoint.classes == run.dataset.classes,
                "it tells other classes apart: train it on the same images"
            );
            ensure!(
                checkpoint.normalisation == run.recipe.normalisation,
                "it normalises pixels in another way: train it by a recipe that normalises alike"
            );
            Ok(())
        };
        check().with_context(context)?;
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
