//! What can be wrong with a description, a blob or a call: one variant for each cause, with what
//! was found and what was expected.

use core::fmt;

/// A description that no network of the family can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A size is outside its range.
    OutOfRange {
        /// Which size.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Smallest allowed value.
        min: usize,
        /// Largest allowed value.
        max: usize,
    },
    /// The patch size does not divide a side of the image.
    PatchSize {
        /// Side of a patch.
        size: usize,
        /// Side of the image.
        side: usize,
    },
    /// A depthwise convolution over tokens that form no grid (patches in row order).
    DepthwiseNeedsGrid,
    /// A convolution stem does not end in a plain convolution to `dim` channels without GELU.
    StemEnd {
        /// Width of a token.
        dim: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { what, found, min, max } => {
                write!(f, "{what} is {found}, allowed is {min} to {max}")
            }
            Self::PatchSize { size, side } => {
                write!(f, "patches of side {size} do not tile an image side of {side}")
            }
            Self::DepthwiseNeedsGrid => f.write_str(
                "a depthwise convolution needs tokens on a grid; patches in row order have none",
            ),
            Self::StemEnd { dim } => write!(
                f,
                "the stem must end in a plain convolution to dim = {dim} channels without GELU"
            ),
        }
    }
}

impl core::error::Error for ConfigError {}
