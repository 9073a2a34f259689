//! Parses and describes a finished blob, and writes a Rust module with it for firmware.

pub mod arena;
mod inspect;
mod model;
pub mod rust_module;

pub use arena::ArenaMap;
pub use inspect::Inspection;
pub use model::AnyModel;
