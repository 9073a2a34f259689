//! The set for processors without vectors, whose registers hold one value of 32 bits: RISC-V and Armv6-M.
//!
//! The loops of products and the arithmetic of single words belong to the processor: see `machine`.
//! Everything else is the same for both. Four rows are multiplied together. Their values are interleaved, so
//! that one pointer reads all of them.
//!
//! Minima and maxima are computed with masks. These processors have only jumps for them, so that the number of
//! instructions would depend on the data.

mod attention;
mod clamp;
mod depthwise;
mod interleave;
mod linear;
mod machine;
mod multiply;
mod norm;
mod row_scale;
mod softmax;

pub(crate) use clamp::{clamp8 as sat8, sat16};

use super::generic;
use super::set::Kernels;

/// The set.
pub(super) static KERNELS: Kernels = Kernels {
    name: machine::NAME,
    linear_i8: linear::linear_i8,
    linear_skip_i8: linear::linear_skip_i8,
    linear_add_i16: linear::linear_add_i16,
    depthwise_i8: depthwise::depthwise_i8,
    layer_norm_i8: norm::layer_norm_i8,
    layer_norm_affine_i8: norm::layer_norm_affine_i8,
    attention_i8: attention::attention_i8,
    ..generic::KERNELS
};
