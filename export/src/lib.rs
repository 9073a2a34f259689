//! Quantizes a trained record into one blob for the runtime.
//!
//! ```text
//! best.mpk → record (plain weights, batch normalisation folded)
//!          → calibrate (ranges of every site over training images)
//!          → assemble (scales, integers, records)
//!          → model.bin, read back and run by the runtime
//! ```

pub mod assemble;
pub mod calibrate;
pub mod evaluate;
pub mod float;
pub mod import;
pub mod inspect;
pub mod model;
pub mod quantize;
pub mod record;
pub mod reference;
pub mod report;
pub mod rust_module;
pub mod sensitivity;
pub mod simulation;

use anyhow::Result;
use assemble::Quantized;
use calibrate::{Observer, Ranges};
use record::FloatModel;
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

/// A part of [`quantize`] that takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The float network shows its activations; counted in images.
    Calibrating,
    /// Ranges are tried; counted in sites.
    Searching,
    /// Means are compared; counted in layers.
    Correcting,
}

/// Counts what a phase has done.
pub type Counter = Box<dyn Fn(usize)>;

/// For those who do not watch: counts nothing.
pub fn unwatched(_phase: Phase, _total: usize) -> Counter {
    Box::new(|_| {})
}

/// Calibrates and quantizes a record on `images`; `progress` gives each phase, which comes with its
/// total, something to count with.
///
/// # Errors
/// If the images do not fit the network, or the network has values that are not finite.
pub fn quantize(
    model: &FloatModel,
    images: &Images,
    method: Method,
    progress: impl Fn(Phase, usize) -> Counter,
) -> Result<(Ranges, Quantized)> {
    let count = progress(Phase::Calibrating, Ranges::passes(images));
    let mut ranges = Ranges::observe(model, images, method.observer, count)?;
    if method.observer == Observer::Search {
        let count = progress(Phase::Searching, ranges.len());
        ranges.search(model, images, count)?;
    }
    let mut net = model.weights()?;
    if method.correct_biases {
        let count = progress(Phase::Correcting, Ranges::bias_steps(&net));
        ranges.correct_biases(model, &mut net, images, count)?;
    }
    let quantized = assemble::assemble(&net, &ranges)?;
    Ok((ranges, quantized))
}
