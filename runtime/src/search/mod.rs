//! Which known images look like this one: an index of fingerprints, searched in place.
//!
//! A *fingerprint* describes an image in two parts. Images with near *class* parts show things of one class;
//! images with near *appearance* parts have similar shapes and colours in similar places, whatever they show.
//! Each part is a vector of up to 128 i8, and a code of 64 bits.
//!
//! An *index* is a file with the fingerprints of many images, which lies in flash and is read there.
//! [`Index::parse`] checks it once and completely. Every search compares all entries. Nothing is allocated.
//!
//! The guide `SEARCH.md` says how to choose, `FORMAT.md` has the bytes, `INTEGER.md` the distances.
//!
//! # Example
//! ```
//! use runtime::search::{Fingerprint, Index, Likeness, SearchError};
//!
//! /// The number of the known image that looks most like this one.
//! fn nearest(index: &Index, seen: &Fingerprint) -> Result<Option<u32>, SearchError> {
//!     // The hundred nearest codes first, then the nearest of their vectors.
//!     let found = index.nearest_in_two_stages::<100, 1>(seen, Likeness::Appearance)?;
//!     Ok(found.first().map(|neighbour| neighbour.id))
//! }
//! ```

mod distance;
#[cfg(feature = "enrol")]
mod enrolled;
mod error;
mod fingerprint;
mod index;
mod nearest;
mod parse;

#[cfg(feature = "enrol")]
pub use enrolled::{EnrolError, Enrolled, Found, Kind, Slot, Source, vote};
pub use error::SearchError;
pub use fingerprint::{Fingerprint, Likeness, Part};
pub use index::{Entry, Index};
pub use nearest::Neighbour;
