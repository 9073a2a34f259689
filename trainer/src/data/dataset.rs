//! The images that a network is trained and tested on.

use serde::{Deserialize, Serialize};

use super::images::Images;

/// Training and test images that share one list of classes.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Images to train on; without [`validation`](Self::validation), a validation part is cut from these by
    /// [`split`](super::split()).
    pub train: Images,
    /// Images to choose the best epoch by, if they were given apart.
    pub validation: Option<Images>,
    /// Images for the final accuracy. They must not be used for any choice.
    pub test: Images,
    /// Name of every class; a label is an index into this list.
    pub classes: Vec<String>,
    /// Where the images come from.
    pub source: DataSource,
}

/// Where images come from. It is stored with a trained network, so that later steps can find the same
/// kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSource {
    /// CIFAR-10, embedded or from a directory.
    Cifar10,
    /// The user's own images. Of folders of pictures, the test images were drawn at random from the list of
    /// all files, as the first versions did: one file more or less drew others.
    Custom,
    /// Images from a directory. Of folders of pictures, the bytes of each file decide whether it is a test
    /// image, so that no other file matters.
    Pictures,
}
