//! Why entries cannot be kept or searched.

use super::kind::Kind;
use crate::search::error::SearchError;
use core::fmt;

/// Why entries cannot be kept or searched. `E` is the error of the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum EnrolError<E> {
    /// The region does not suit. It is not two halves of whole pages inside the flash, or one half has no room
    /// for two entries, or the flash reads or writes more than 32 bytes at once, or a length of the kind is not
    /// 1 to 128.
    Region,
    /// The region was written by a newer version of this crate.
    Version {
        /// Version in the region.
        found: u16,
        /// The newest version that this crate reads.
        newest: u16,
    },
    /// The region holds fingerprints of another kind.
    Kind {
        /// The kind in the region.
        found: Kind,
        /// The kind that was asked for.
        expected: Kind,
    },
    /// There are more slots than the region takes, or fewer than the entries in it need.
    Slots {
        /// Number of slots.
        found: usize,
        /// The least number of slots for the entries in the region.
        min: usize,
        /// The number of entries that the region takes.
        max: usize,
    },
    /// Every slot has an entry.
    Full,
    /// There is no such entry.
    Absent {
        /// Its number.
        id: u16,
    },
    /// The fingerprint is of another kind than the region or the index.
    Search(SearchError),
    /// After an earlier error of the flash, it is not known which half of the region is valid.
    Reopen,
    /// The flash reports an error.
    Flash(E),
}

impl<E> From<SearchError> for EnrolError<E> {
    fn from(error: SearchError) -> Self {
        Self::Search(error)
    }
}

impl<E: fmt::Debug> fmt::Display for EnrolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region => write!(
                f,
                "the region does not suit: give an even number of pages of the flash, with room for two \
                 entries in each half, words of at most 32 bytes, and vectors of 1 to 128 values"
            ),
            Self::Version { found, newest } => {
                write!(f, "a region of version {found}; this crate reads versions up to {newest}")
            }
            Self::Kind { found, expected } => write!(
                f,
                "the region holds fingerprints of network {:08x} with vectors of {:?} values; expected \
                 {:08x} and {:?}: begin the region again with `create`",
                found.network, found.lengths, expected.network, expected.lengths
            ),
            Self::Slots { found, min, max } => {
                write!(f, "{found} slots; the region needs at least {min} and takes at most {max}")
            }
            Self::Full => write!(f, "every slot has an entry: remove one first"),
            Self::Absent { id } => write!(f, "there is no entry {id}"),
            Self::Search(error) => write!(f, "{error}"),
            Self::Reopen => {
                write!(f, "after an error of the flash the region must be opened again")
            }
            Self::Flash(error) => write!(f, "the flash reports {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for EnrolError<E> {}
