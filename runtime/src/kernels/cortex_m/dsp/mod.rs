//! Kernels for the DSP extension. An instruction computes two products. A weight is loaded once for four
//! rows.
//!
//! Linear layers, convolutions over their windows, attention scores and weighted values all use the
//! products of one macro, `product::group`.

mod attention;
mod channels;
mod depthwise;
mod linear;
mod logits;
mod norm;
mod product;
mod softmax;
mod wide;
mod window;

use super::linear::{linear_add_i16, linear_i8, linear_skip_i8};
use crate::kernels::scalar;
use crate::kernels::set::Kernels;

/// The DSP set.
pub(super) static KERNELS: Kernels = Kernels {
    name: "dsp",
    linear_i8: linear_i8::<linear::Loops>,
    linear_skip_i8: linear_skip_i8::<linear::Loops>,
    linear_add_i16: linear_add_i16::<linear::Loops>,
    logits_i32: scalar::logits_i32,
    logits_i8: logits::logits_i8,
    depthwise_i8: depthwise::depthwise_i8,
    layer_norm_i8: norm::layer_norm_i8,
    layer_norm_affine_i8: norm::layer_norm_affine_i8,
    attention_i8: attention::attention_i8,
    pool_i32: scalar::pool_i32,
    packing: None,
    conv: None,
};
