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

use anyhow::Result;
use assemble::Quantized;
use calibrate::Ranges;
use record::FloatModel;
use trainer::data::Images;

/// Calibrates and quantizes a record on `images`; `progress` counts calibration images.
///
/// # Errors
/// If the images do not fit the network, or the network has values that are not finite.
pub fn quantize(
    model: &FloatModel,
    images: &Images,
    progress: impl Fn(usize),
) -> Result<Quantized> {
    let ranges = Ranges::observe(model, images, progress)?;
    assemble::assemble(&model.weights()?, &ranges)
}
