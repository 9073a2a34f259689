//! Labelled images: where they come from, how they are split, augmented and put into batches.
//!
//! [`embedded`] decodes the part of CIFAR-10 that the crate carries, [`cifar10`] reads all of it
//! from a directory, [`open`] that or a folder of pictures for each class, and [`check()`] says what is
//! wrong with such a folder. All check everything they read before they return, so that no later step
//! meets a wrong size or an unknown label. Everything random is a function of a seed: the same
//! seed gives the same split, the same order and the same augmented pixels on every machine,
//! whatever the timing of threads.

pub mod augment;
pub mod batch;
mod cifar10;
pub mod download;
mod embedded;
mod folder;
mod images;
pub mod mix;
mod normalisation;
mod open;
mod random;
mod split;

use serde::{Deserialize, Serialize};

pub use cifar10::{CLASSES as CIFAR10_CLASSES, cifar10};
pub use embedded::embedded;
pub use folder::check::{FolderCheck, Severity, check};
pub use images::Images;
pub use normalisation::Normalisation;
pub use open::open;
pub(crate) use open::with_reading_bar;
pub use split::split;

/// Training and test images that share one list of classes.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Images to train on; a validation part is cut from these by [`split()`].
    pub train: Images,
    /// Images for the final accuracy, which nothing is chosen by.
    pub test: Images,
    /// Name of every class; a label is an index into this list.
    pub classes: Vec<String>,
    /// Where the images come from.
    pub source: DataSource,
}

/// Where images come from: stored with a trained network, so that later steps can find data of
/// the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSource {
    /// CIFAR-10, embedded or from a directory.
    Cifar10,
    /// Images of the network's owner, which no crate carries.
    Custom,
}
