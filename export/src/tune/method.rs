//! A whole quantization: observes ranges, tunes them and the biases, and assembles the blob.

use super::bias::{correct_biases, steps};
use super::search::search;
use crate::assemble::{Quantized, assemble};
use crate::calibrate::{Observer, Ranges};
use crate::float::FloatModel;
use anyhow::Result;
use trainer::data::Images;

/// How a network is quantized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// How ranges are chosen.
    pub observer: Observer,
    /// Whether biases are changed so that each channel keeps its mean.
    pub correct_biases: bool,
}

impl Default for Method {
    fn default() -> Self {
        Self { observer: Observer::default(), correct_biases: true }
    }
}

/// A part of [`quantize`] that takes long enough for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The activations of the float network are observed; counted in images.
    Calibrating,
    /// Ranges are tried; counted in sites.
    Searching,
    /// Means are compared; counted in layers.
    Correcting,
}

/// Receives the progress of a phase since the last call.
pub type Counter = Box<dyn Fn(usize)>;

/// Shows no progress.
pub fn unwatched(_phase: Phase, _total: usize) -> Counter {
    Box::new(|_| {})
}

/// Calibrates and quantizes a network on `images`. `progress` is called once for each phase with its total,
/// and returns the counter of that phase.
///
/// # Errors
/// If the images do not fit the network, or the network has values that are not finite.
pub fn quantize(
    model: &FloatModel,
    images: &Images,
    method: Method,
    progress: impl Fn(Phase, usize) -> Counter,
) -> Result<(Ranges, Quantized)> {
    let count = progress(Phase::Calibrating, Ranges::observations(images));
    let mut ranges = Ranges::observe(model, images, method.observer, count)?;
    if method.observer == Observer::Search {
        let count = progress(Phase::Searching, ranges.len());
        search(&mut ranges, model, images, count)?;
    }
    let mut net = model.weights()?;
    if method.correct_biases {
        let count = progress(Phase::Correcting, steps(&net));
        correct_biases(model, &mut net, &ranges, images, count)?;
    }
    let quantized = assemble(&net, &ranges)?;
    Ok((ranges, quantized))
}
