//! Entries that a device adds by itself, without training.
//!
//! [`Enrolled`] keeps fingerprints in its own region of flash, in a log that is never changed in place.
//! It needs no heap and does not panic, whatever the region holds.
//!
//! **Invariant**: after a power cut at any time, the region holds the entries from before the interrupted
//! operation or those from after it. This holds even if words that were being written and pages that were
//! being erased have arbitrary contents, because the contract of
//! [`NorFlash`](embedded_storage::nor_flash::NorFlash) promises nothing about them.
//!
//! The crate `sequential-storage` does not have this property. After an interrupted erase, it derives the state
//! of a page from two words of the page, and can then erase the only copies of the entries.

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
