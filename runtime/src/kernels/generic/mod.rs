//! Portable kernels: the arithmetic of [`scalar`] with loops over pieces of a fixed length. Compilers turn
//! these loops into SIMD for any target because no table is looked up inside them.
//!
//! Sums are exact and bounded in every order (`INTEGER.md`), so reassociating them cannot change a
//! bit.

mod attention;
#[cfg(not(widened_target))]
mod depthwise;
mod dot;
mod linear;
mod norm;
mod softmax;
#[cfg(widened_target)]
mod widened;

use super::scalar;
use super::set::Kernels;

pub use attention::attention_i8;
#[cfg(not(widened_target))]
pub use depthwise::depthwise_i8;
pub use linear::{linear_add_i16, linear_i8, linear_skip_i8, logits_i8};
pub use norm::layer_norm_i8;
#[cfg(widened_target)]
pub use widened::depthwise::depthwise_i8;

/// The generic set.
pub static KERNELS: Kernels = Kernels {
    name: "generic",
    linear_i8,
    linear_skip_i8,
    linear_add_i16,
    logits_i32: scalar::logits_i32,
    logits_i8,
    depthwise_i8,
    layer_norm_i8,
    layer_norm_affine_i8: scalar::layer_norm_affine_i8,
    attention_i8,
    pool_i32: scalar::pool_i32,
    packing: None,
    conv: None,
};
