//! From real numbers to the integers of a blob.

mod linear;
mod multiplier;
mod tables;

pub use linear::{QuantLinear, finest_output_scale};
pub use multiplier::{Multiplier, multiplier};
pub use tables::{gelu_slope, gelu_table_i8, gelu_table_i16};
pub use trainer::quantize::Affine;
