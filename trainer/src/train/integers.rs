//! The integers that a network is trained for, while its floats are trained.

use anyhow::Result;

use super::Run;
use crate::data::{Images, Normalisation};
use crate::eval::Evaluation;
use crate::model::Vit;
use crate::ops::{HostBackend, VitBackend};
use crate::quantize::Simulation;

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

    /// As they are now.
    pub(super) const fn simulation(&self) -> &Simulation {
        &self.simulation
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
