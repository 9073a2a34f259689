//! What describes an image.

use super::error::SearchError;

/// What describes an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint<'a> {
    /// The network that made the fingerprint: CRC-32 in the prelude of its blob.
    pub network: u32,
    /// What the image shows, as far as the network was taught.
    pub class: Part<'a>,
    /// What the image looks like.
    pub appearance: Part<'a>,
}

impl Fingerprint<'_> {
    /// Checks that the fingerprint is of a network and has vectors of these lengths.
    pub(super) fn check(&self, network: u32, lengths: [usize; 2]) -> Result<(), SearchError> {
        if self.network != network {
            return Err(SearchError::Network { found: self.network, expected: network });
        }
        let parts = [("class", &self.class), ("appearance", &self.appearance)];
        for ((part, seen), expected) in parts.into_iter().zip(lengths) {
            let found = seen.vector.len();
            if found != expected {
                return Err(SearchError::Length { part, found, expected });
            }
        }
        Ok(())
    }
}

/// One part of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// 1 to 128 values. The nearer two vectors, the more alike the images.
    pub vector: &'a [i8],
    /// 64 bits. The more bits of two codes are equal, the more alike the images.
    pub code: u64,
}

/// Which parts of two fingerprints are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Likeness {
    /// The class parts.
    Class,
    /// The appearance parts.
    Appearance,
    /// Both parts. The distance of the class parts has the weight `class / 256`, that of the appearance parts
    /// the rest.
    Mixed {
        /// Weight of the class parts in 256ths.
        class: u8,
    },
}

impl Likeness {
    /// Factors of the distances of the class parts and of the appearance parts; at most 256 together.
    pub(super) fn weights(self) -> [u32; 2] {
        match self {
            Self::Class => [1, 0],
            Self::Appearance => [0, 1],
            Self::Mixed { class } => [class.into(), 256 - u32::from(class)],
        }
    }
}
