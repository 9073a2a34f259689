//! Labelled images: reads them, splits them, augments them and makes batches of them.
//!
//! [`embedded`] decodes the built-in part of CIFAR-10. [`cifar10`] reads all of CIFAR-10 from a directory.
//! [`open`] reads a directory with CIFAR-10, with CIFAR-100, or with one folder of pictures for each class.
//! These functions check the size and the label of each image, so that later steps need not check them.
//! [`check()`] reports mistakes in folders of pictures.
//!
//! Every random choice depends only on a seed: the same seed gives the same split, the same order and the
//! same augmented pixels on every machine and with any number of threads.

pub mod augment;
mod background;
pub mod batch;
mod cifar10;
mod cifar100;
mod dataset;
pub mod download;
mod embedded;
mod folder;
mod hide;
mod images;
pub mod mix;
mod normalisation;
mod open;
mod planes;
mod random;
mod reading;
mod resize;
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
pub use size::SIZE as CIFAR10_SIZE;
pub use split::split;
