//! What the tests of this package share: an independent integer reference and the golden files.

pub mod golden;
pub mod integer_reference;
pub mod losses;
pub mod observed;
