//! From real numbers to the integers of a blob.

mod linear;
mod multiplier;
mod scale;
mod tables;

pub use linear::{QuantLinear, finest_output_scale};
pub use multiplier::{Multiplier, multiplier};
pub use scale::Affine;
pub use tables::{gelu_slope, gelu_table_i8, gelu_table_i16};
