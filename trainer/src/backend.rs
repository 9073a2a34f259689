//! The choice between burn's processor backends.

use std::fmt;

use clap::ValueEnum;

/// Where the arithmetic of training and evaluation is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BackendChoice {
    /// burn-flex: the faster one.
    #[default]
    Flex,
    /// burn-ndarray: the float reference.
    Ndarray,
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        })
    }
}
