//! The network that a run starts from.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::backend::Backend;
use serde::{Serialize, Serializer};

use crate::checkpoint::{self, Checkpoint};
use crate::shipped::Shipped;

/// A trained network that a run starts from instead of random values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// One that is part of the program.
    Shipped(Shipped),
    /// One that somebody trained.
    File(PathBuf),
}

impl Start {
    /// The network with its description.
    ///
    /// # Errors
    /// If the file cannot be read or is not a checkpoint. The message names it.
    pub fn load<B: Backend>(&self, device: &B::Device) -> Result<Checkpoint<B>> {
        match self {
            Self::File(path) => checkpoint::load(path, device),
            Self::Shipped(shipped) => checkpoint::decode(shipped.checkpoint().to_vec(), device)
                .with_context(|| format!("the program is damaged: {self} cannot be read")),
        }
    }

    /// The file of the network, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Shipped(_) => None,
        }
    }
}

/// `the shipped network micro`, or the path.
impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped(shipped) => write!(f, "the shipped network {}", shipped.name()),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
