//! Quantization-aware training: the float weights are trained, the forward pass uses their int8 form.

use anyhow::Result;
use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::run::Run;
use crate::data::{Images, Normalisation};
use crate::eval::Evaluation;
use crate::model::Vit;
use crate::quantize::{Simulation, Stored};
use ops::{HostBackend, VitBackend};

/// The simulated int8 form of a network in training, and the images on which its ranges are observed.
pub(super) struct Qat {
    calibration: Images,
    normalisation: Normalisation,
    simulation: Simulation,
}

impl Qat {
    /// The int8 form of the network that a run starts with.
    ///
    /// # Errors
    /// If the images cannot be split.
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

    /// Observes the ranges again for the current weights.
    pub(super) fn observe<B: VitBackend>(&mut self, model: &Vit<B>, device: &B::Device) {
        self.simulation = self.of(model, device);
    }

    /// `model` as its int8 form would be stored.
    pub(super) fn store<B: Backend>(&self, model: &Vit<B>) -> Stored<B> {
        self.simulation.store(model)
    }

    /// Evaluates the int8 form of `model`, whose ranges are observed again.
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

/// The network of a forward pass in training.
pub(super) enum ForwardModel<B: Backend> {
    /// In float.
    Float(Vit<B>),
    /// Rounded as its int8 form.
    Int8(Stored<B>),
    /// In float, with gradients for the head alone. The rest is as in evaluation: no dropout, and the running
    /// statistics of batch normalisation, which do not move.
    Head(Vit<B>),
}

impl<B: HostBackend> ForwardModel<Autodiff<B>> {
    /// The network that receives the gradients.
    pub(super) const fn model(&self) -> &Vit<Autodiff<B>> {
        match self {
            Self::Float(model) | Self::Head(model) => model,
            Self::Int8(stored) => stored.model(),
        }
    }

    /// Normalised images to logits.
    pub(super) fn forward(&self, images: Tensor<Autodiff<B>, 4>) -> Tensor<Autodiff<B>, 2> {
        match self {
            Self::Float(model) => model.forward(images),
            Self::Int8(stored) => stored.forward(images),
            Self::Head(_) => self.forward_with_tokens(images).0,
        }
    }

    /// Normalised images to logits, and the tokens that the pool takes, `[batch, tokens, dim]`.
    pub(super) fn forward_with_tokens(
        &self,
        images: Tensor<Autodiff<B>, 4>,
    ) -> (Tensor<Autodiff<B>, 2>, Tensor<Autodiff<B>, 3>) {
        match self {
            Self::Float(model) => model.forward_with_tokens(images),
            Self::Int8(stored) => stored.forward_with_tokens(images),
            Self::Head(model) => {
                let (_, tokens) = model.valid().forward_with_tokens(images.inner());
                let tokens = Tensor::from_inner(tokens);
                (model.logits(tokens.clone()), tokens)
            }
        }
    }
}
