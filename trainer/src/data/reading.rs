//! Choices about how a directory is read.

use super::dataset::DataSource;

/// Classes of the coarse labels of CIFAR-100.
pub(super) const COARSE_CLASSES: usize = 20;

/// How a directory is read, where it can be read in several ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Which labels of CIFAR-100.
    pub labels: Labels,
    /// Which pictures of folders are test images.
    pub held_out: HeldOut,
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

/// How the test images of folders of pictures are chosen, if they do not lie apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldOut {
    /// By the bytes of each file, so that no other file matters.
    #[default]
    ByBytes,
    /// At random from the list of all files, as for networks of the first versions.
    Shuffled,
}

impl Reading {
    /// The reading for a trained network: the labels that it tells apart, and the test images that it was
    /// not trained on.
    pub fn of_network(classes: usize, source: DataSource) -> Self {
        Self {
            labels: if classes == COARSE_CLASSES { Labels::Coarse } else { Labels::Fine },
            held_out: HeldOut::of(source),
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
