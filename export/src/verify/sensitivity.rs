//! The loss that the eight bits of each site cause, in a float simulation of the integer network.
//!
//! Activations are rounded and clamped as the blob would store them; weights and all other arithmetic stay
//! as they are. In this way the gain of sixteen bits at a site is measured without kernels for them.

use super::reference::SiteError;
use super::simulation::simulated_sites;
use crate::assemble::Quantized;
use crate::float::FloatModel;
use anyhow::Result;
use ops::{FakeQuant, Fused};
use runtime::site::SiteId;
use serde::Serialize;
use std::collections::BTreeMap;
use trainer::data::Images;
use trainer::quantize::has_eight_bits;

/// The sites of a network, how each is stored, and the logits of the float network.
pub struct Sensitivity<'a> {
    model: &'a FloatModel,
    images: &'a Images,
    stored: BTreeMap<SiteId, FakeQuant>,
    logits: Vec<f32>,
}

/// The result of a network with eight bits at some of its sites.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Outcome {
    /// Signal-to-noise ratio of the logits in decibels.
    pub decibels: f64,
    /// Images classified as labelled.
    pub correct: usize,
}

impl<'a> Sensitivity<'a> {
    /// Runs the float network on `images`.
    ///
    /// # Errors
    /// If the images do not fit the network, or a weight is not finite.
    pub fn new(model: &'a FloatModel, quantized: &Quantized, images: &'a Images) -> Result<Self> {
        let net = model.weights()?;
        let stored = simulated_sites(&net, quantized);
        let stored = stored.filter(|(site, _)| has_eight_bits(*site)).collect();
        let logits = model.replaced(images, |_, _| {}, |_| {})?;
        Ok(Self { model, images, stored, logits })
    }

    /// The sites that are stored in eight bits, in the order of the pass.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> {
        self.stored.keys().copied()
    }

    /// Runs the network with eight bits at the sites for which `chosen` is true; all others stay exact.
    /// `progress` counts images.
    ///
    /// # Errors
    /// If the network does not run on the images.
    pub fn with(
        &self,
        chosen: impl Fn(SiteId) -> bool,
        progress: impl Fn(usize),
    ) -> Result<Outcome> {
        let store = |site, values: &mut Vec<f32>| {
            if let Some(fake) = self.stored.get(&site).filter(|_| chosen(site)) {
                *values = fake.forward([values.as_slice()]);
            }
        };
        let found = self.model.replaced(self.images, store, progress)?;
        let mut error = SiteError::default();
        for (&found, &float) in found.iter().zip(&self.logits) {
            error.signal += f64::from(float).powi(2);
            error.noise += f64::from(found - float).powi(2);
        }
        let classes = self.model.config().classes();
        let rows = found.chunks_exact(classes).zip(self.images.labels());
        let correct = rows.filter(|(row, label)| crate::float::argmax(row) == usize::from(**label));
        Ok(Outcome { decibels: error.decibels(), correct: correct.count() })
    }
}
