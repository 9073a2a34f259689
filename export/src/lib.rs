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

use anyhow::Result;
use assemble::Quantized;
use calibrate::{Observer, Ranges};
use record::FloatModel;
use trainer::data::Images;

/// Calibrates and quantizes a record on `images`; `progress` counts calibration images, each twice.
///
/// # Errors
/// If the images do not fit the network, or the network has values that are not finite.
pub fn quantize(
    model: &FloatModel,
    images: &Images,
    observer: Observer,
    progress: impl Fn(usize),
) -> Result<Quantized> {
    let mut ranges = Ranges::observe(model, images, observer, progress)?;
    if observer == Observer::Search {
        ranges.search(model, images, |_| {})?;
    }
    assemble::assemble(&model.weights()?, &ranges)
}
