//! Fixed-point arithmetic on single values: the primitives of `INTEGER.md`.
//!
//! A function works on one value, not on a tensor. It has a result for every argument in the ranges that
//! its documentation states. The blob reader checks these ranges.

mod exp2;
mod requant;
mod rsqrt;

pub use exp2::{MAX_ATTENTION_OCTAVES, Octaves, ProbabilityScale, exp2_mantissa, exp2_neg};
#[cfg(any(target_arch = "x86_64", target_feature = "simd128"))]
pub(crate) use requant::half;
pub(crate) use requant::rescale;
#[cfg(widened_target)]
pub(crate) use requant::rescale_upper;
pub use requant::{Requant, sat8, sat16};
#[cfg(upper_word)]
pub(crate) use requant::{UPPER_SHIFTS, are_fast};
#[cfg(target_arch = "x86_64")]
pub(crate) use rsqrt::{NEWTON_STEPS, RSQRT_GUESS, RSQRT_THREE};
pub use rsqrt::{RowScale, rsqrt};
