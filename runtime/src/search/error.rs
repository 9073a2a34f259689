//! Why an index cannot be searched for a fingerprint.

use core::fmt;

/// Why an index cannot be searched for a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SearchError {
    /// The fingerprint is of another network than those in the index. Their distance has no meaning.
    Network {
        /// The network of the fingerprint: CRC-32 of its blob.
        found: u32,
        /// The network of the index.
        expected: u32,
    },
    /// A vector of the fingerprint has another length than those in the index.
    Length {
        /// Which part: `class` or `appearance`.
        part: &'static str,
        /// Its values.
        found: usize,
        /// Values of a vector in the index.
        expected: usize,
    },
}

impl fmt::Display for SearchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { found, expected } => write!(
                f,
                "a fingerprint of network {found:08x}; the index belongs to network {expected:08x}: \
                 make the index again with this network"
            ),
            Self::Length { part, found, expected } => {
                write!(f, "the {part} part has {found} values; the index has {expected}")
            }
        }
    }
}

impl core::error::Error for SearchError {}
