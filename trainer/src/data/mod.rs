//! Labelled images: where they come from, how they are split, augmented and put into batches.
//!
//! [`embedded`] decodes the part of CIFAR-10 that the crate contains. [`cifar10`] reads all of it from a
//! directory, and [`open`] reads that, CIFAR-100 or one folder of pictures for each class. [`check()`] looks
//! for mistakes in such folders. All of them check what they read, so that later steps can rely on sizes and
//! labels. Everything random is a function of a seed: the same seed gives the same split, the same order
//! and the same augmented pixels on every machine and with any number of threads.

pub mod augment;
pub mod batch;
mod cifar10;
mod cifar100;
mod dataset;
pub mod download;
mod embedded;
mod folder;
mod images;
pub mod mix;
mod normalisation;
mod open;
mod planes;
mod random;
mod reading;
mod size;
mod split;

pub use cifar10::{CLASSES as CIFAR10_CLASSES, cifar10};
pub use dataset::{DataSource, Dataset};
pub use embedded::embedded;
pub use folder::check::{FolderCheck, check};
pub use folder::finding::{Finding, Severity};
pub use images::Images;
pub use normalisation::Normalisation;
pub use open::open;
pub(crate) use open::with_reading_bar;
pub use reading::{HeldOut, Labels, Reading};
pub use split::split;
