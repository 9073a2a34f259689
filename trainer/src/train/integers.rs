//! The integers that a network is trained for, while its floats are trained.

use anyhow::Result;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::Run;
use crate::data::{Images, Normalisation};
use crate::eval::Evaluation;
use crate::model::Vit;
use crate::ops::{HostBackend, VitBackend};
use crate::quantize::{Simulation, Stored};

/// The simulation of a network that changes, and what its ranges are observed on.
pub(super) struct Integers {
    calibration: Images,
    normalisation: Normalisation,
    simulation: Simulation,
}

impl Integers {
    /// Those of the network that a run starts with.
    ///
    /// # Errors
    /// If there are no images to train on.
    pub(super) fn new<B: HostBackend>(
        run: &Run<'_>,
        model: &Vit<B>,
        device: &B::Device,
    ) -> Result<Self> {
        let calibration = run.calibration()?;
        let normalisation = run.recipe.normalisation;
        let simulation = Simulation::observe(model, &calibration, normalisation, device);
        Ok(Self { calibration, normalisation, simulation })
    }

    /// Chooses ranges again for what the network has become.
    pub(super) fn observe<B: VitBackend>(&mut self, model: &Vit<B>, device: &B::Device) {
        self.simulation = self.of(model, device);
    }

    /// `model` as it would be stored now.
    pub(super) fn store<B: Backend>(&self, model: &Vit<B>) -> Stored<B> {
        self.simulation.store(model)
    }

    /// How well the integer form of `model` does, with ranges of its own.
    pub(super) fn evaluate<B: VitBackend>(
        &self,
        model: &Vit<B>,
        images: &Images,
        device: &B::Device,
    ) -> Evaluation {
        self.of(model, device).evaluate(model, images, device)
    }

    fn of<B: VitBackend>(&self, model: &Vit<B>, device: &B::Device) -> Simulation {
        Simulation::observe(model, &self.calibration, self.normalisation, device)
    }
}

/// What a step computes with.
pub(super) enum Computing<B: Backend> {
    /// The network as it is.
    Floats(Vit<B>),
    /// As integers would store it.
    Integers(Stored<B>),
}

impl<B: VitBackend> Computing<B> {
    /// The network whose parameters the gradients are for.
    pub(super) const fn model(&self) -> &Vit<B> {
        match self {
            Self::Floats(model) => model,
            Self::Integers(stored) => stored.model(),
        }
    }

    /// Normalised images to logits.
    pub(super) fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        match self {
            Self::Floats(model) => model.forward(images),
            Self::Integers(stored) => stored.forward(images),
        }
    }
}
