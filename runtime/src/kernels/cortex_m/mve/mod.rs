//! The vector extension (MVE, Helium): sixteen i8 products per instruction, four values rescaled together.
//!
//! Layers use [`product`], which computes exact i32 accumulators of four rows, then [`store`], which
//! rescales four channels at a time. Operands are loaded as bytes, at any alignment: vector loads of wider
//! elements must be aligned for every value of `CCR.UNALIGN_TRP`.
//!
//! Assembly with predicated instructions changes the register VPR, which cannot be declared. Each such
//! block is in a function that is not inlined: callers expect any call to change VPR.

mod attention;
mod depthwise;
mod linear;
mod norm;
mod pack;
mod product;
mod softmax;
mod store;

use super::dsp;
use super::linear::{linear_add_i16, linear_i8, linear_skip_i8};
use crate::kernels::scalar;
use crate::kernels::set::Kernels;

/// The MVE set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "mve",
    linear_i8: linear_i8::<linear::Loops>,
    linear_skip_i8: linear_skip_i8::<linear::Loops>,
    linear_add_i16: linear_add_i16::<linear::Loops>,
    // The compiler turns its loop into vector instructions.
    logits_i8: scalar::logits_i8,
    depthwise_i8: depthwise::depthwise_i8,
    layer_norm_i8: norm::layer_norm_i8,
    attention_i8: attention::attention_i8,
    ..dsp::KERNELS
};
