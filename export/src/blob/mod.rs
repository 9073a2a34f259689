//! Parses and describes a finished blob, and writes a Rust module with it for firmware.

mod inspect;
mod model;
pub mod rust_module;

pub use inspect::Inspection;
pub use model::AnyModel;
