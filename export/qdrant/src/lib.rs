//! Fingerprints in the vector database [Qdrant](https://qdrant.tech).
//!
//! ```text
//! vectors     a fingerprint → the vectors of a point
//! collection  what a collection has: vectors, payload, points
//! query       a fingerprint → the request for the nearest points
//! upload      an index → a collection of a server
//! ```
//!
//! A collection ranks as [`runtime::search`] does. `runtime/docs/SEARCH.md` says how it is searched. All but `vectors`
//! needs the feature `client`.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(feature = "client")]
mod collection;
#[cfg(feature = "client")]
mod query;
#[cfg(feature = "client")]
mod upload;
mod vectors;

#[cfg(feature = "client")]
pub use query::{Compared, query};
#[cfg(feature = "client")]
pub use upload::{Server, upload};
pub use vectors::Vectors;
