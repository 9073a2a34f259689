//! What can be wrong with a map.

use core::fmt;

/// A slice that does not have one value for each token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MapError {
    /// The map has another length.
    Map {
        /// Values of the map.
        found: usize,
        /// Tokens.
        expected: usize,
    },
    /// The slice that is written to has another length.
    Length {
        /// Values of the slice.
        found: usize,
        /// Tokens.
        expected: usize,
    },
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map { found, expected } => {
                write!(f, "a map of {found} values; there are {expected} tokens")
            }
            Self::Length { found, expected } => {
                write!(f, "{found} values for the result; there are {expected} tokens")
            }
        }
    }
}

impl core::error::Error for MapError {}
