//! Choices about how a directory is read.

use runtime::config::ImageSpec;

use super::dataset::DataSource;
use super::size::SIZE;

/// Classes of the coarse labels of CIFAR-100.
pub(super) const COARSE_CLASSES: usize = 20;

/// How a directory is read, where it can be read in several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which labels of CIFAR-100.
    pub labels: Labels,
    /// Which pictures of folders are test images.
    pub held_out: HeldOut,
    /// The size to which every image is resized.
    pub size: ImageSpec,
}

impl Default for Reading {
    /// Fine labels, test images chosen by their bytes, and the size of CIFAR-10.
    fn default() -> Self {
        Self { labels: Labels::default(), held_out: HeldOut::default(), size: SIZE }
    }
}

/// The labels of an image of CIFAR-100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Labels {
    /// 100 classes.
    #[default]
    Fine,
    /// 20 groups of five classes.
    Coarse,
}

/// How the test images of folders are chosen, if they have no folder of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldOut {
    /// By the bytes of each file. Other files have no influence.
    #[default]
    ByBytes,
    /// At random from the list of all files, as for networks of the first versions.
    Shuffled,
}

impl Reading {
    /// The reading for a trained network: its labels, the test images that it was not trained on, and
    /// the size of its input.
    pub fn of_network(classes: usize, source: DataSource, size: ImageSpec) -> Self {
        Self {
            labels: if classes == COARSE_CLASSES { Labels::Coarse } else { Labels::Fine },
            held_out: HeldOut::of(source),
            size,
        }
    }
}

impl HeldOut {
    /// As for a network that was trained on images of this source.
    pub(crate) const fn of(source: DataSource) -> Self {
        match source {
            DataSource::Custom => Self::Shuffled,
            DataSource::Cifar10 | DataSource::Pictures => Self::ByBytes,
        }
    }
}
