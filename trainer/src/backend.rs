//! The choice between burn's processor backends.

use std::fmt;

use anyhow::Result;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use clap::ValueEnum;

use crate::progress::Progress;
use crate::train::{Outcome, Run, train};

/// Where the arithmetic of training and evaluation is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// burn-flex: the faster one.
    #[default]
    Flex,
    /// burn-ndarray: the float reference.
    Ndarray,
}

impl BackendChoice {
    /// [`train()`] on this backend's default device.
    ///
    /// For other crates, too: a generic function would be compiled anew in each of them, which
    /// takes minutes.
    ///
    /// # Errors
    /// As [`train()`].
    pub fn train(self, run: Run<'_>, progress: &mut Progress) -> Result<Outcome> {
        match self {
            Self::Flex => train::<Flex>(run, &Default::default(), progress),
            Self::Ndarray => train::<NdArray>(run, &Default::default(), progress),
        }
    }
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        })
    }
}
