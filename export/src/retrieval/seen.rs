//! Everything that comparisons read of images.

use crate::descriptor::{RealDescriptor, features};
use crate::index::{self, Entry};
use anyhow::{Context, Result};
use runtime::Model;
use trainer::data::Images;

/// Everything that comparisons read of one image.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Its class.
    pub label: u16,
    /// The fingerprint.
    pub(super) entry: Entry,
    /// The class part in real numbers.
    pub(super) class: Vec<f64>,
    /// The appearance part in real numbers.
    pub(super) appearance: Vec<f64>,
    /// Weight of the class part, 0 to 1, in real numbers.
    pub(super) class_weight: f64,
    /// The last embedding, scaled to length 1.
    pub(super) embedding: Vec<f64>,
    /// The image itself.
    pub(super) pixels: Vec<u8>,
}

/// Runs the network of a blob on every image; `progress` counts images, each of them twice.
///
/// # Errors
/// If the blob has no descriptor, or the images have another size than the model reads.
pub fn see(blob: &[u8], images: &Images, progress: impl Fn(usize) + Sync) -> Result<Vec<Seen>> {
    let model = Model::parse(blob)?;
    let entries = index::describe(&model, images, &progress)?;
    let real = RealDescriptor::of(blob)?.context("the blob has no descriptor")?;
    let features = features(&model, real.place(), images, &progress)?;
    let seen = entries.into_iter().zip(features).enumerate().map(|(index, (entry, features))| {
        let (class, class_weight) = real.class(&features.embedding);
        Seen {
            label: images.label(index),
            entry,
            class,
            appearance: real.appearance(&features.sums),
            class_weight,
            embedding: unit(&features.embedding),
            pixels: images.image(index).to_vec(),
        }
    });
    Ok(seen.collect())
}

/// The vector, scaled to length 1; zeros if it has length 0.
fn unit(vector: &[i8]) -> Vec<f64> {
    let length = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt().max(1.0);
    vector.iter().map(|&v| f64::from(v) / length).collect()
}
