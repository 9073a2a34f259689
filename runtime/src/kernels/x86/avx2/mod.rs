//! AVX2: eight channels per vector, two inputs per product.
//!
//! Values are widened to i16; `vpmaddwd` adds two exact products to an i32, which cannot overflow
//! (`2 · 2^14`).

mod attention;
mod linear;
mod panel;
mod portable;

use crate::kernels::set::Kernels;
use crate::kernels::{generic, scalar};

/// The AVX2 set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "avx2",
    linear_i8: linear::linear_i8,
    linear_skip_i8: generic::linear_skip_i8,
    linear_add_i16: linear::linear_add_i16,
    logits_i32: scalar::logits_i32,
    logits_i8: portable::logits_i8,
    depthwise_i8: portable::depthwise_i8,
    layer_norm_i8: portable::layer_norm_i8,
    layer_norm_affine_i8: scalar::layer_norm_affine_i8,
    attention_i8: attention::attention_i8,
    pool_i32: scalar::pool_i32,
    packing: None,
    conv: None,
};
