//! Entries that a device adds to what it knows: learning without training.
//!
//! [`Enrolled`] keeps fingerprints in a region of flash of its own, as a log that is never changed in place.
//! It needs no heap and does not panic, whatever the region holds.
//!
//! **Invariant**: after a power cut at any time the region holds the entries from before or from after the
//! operation that was cut, even if words that were being written and pages that were being erased have any
//! contents. The contract of [`NorFlash`](embedded_storage::nor_flash::NorFlash) promises no more than that.
//!
//! The crate `sequential-storage` does not have this property: after a cut in an erase it finds the state of a
//! page by two words of the page, and can then erase the only copies of the entries.

mod cell;
mod error;
mod found;
mod kind;
mod layout;
mod log;
mod region;
mod vote;

pub use error::EnrolError;
pub use found::{Found, Source};
pub use kind::Kind;
pub use region::{Enrolled, Slot};
pub use vote::vote;
