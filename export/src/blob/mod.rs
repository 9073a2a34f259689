//! A written blob: parsed, described, and carried into firmware.

mod inspect;
mod model;
pub mod rust_module;

pub use inspect::Inspection;
pub use model::AnyModel;
