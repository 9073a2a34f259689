//! Kernels over vectors of 128 bits, for any instruction set that has them.
//!
//! A set gives a [`Vector`](vector::Vector), and how it multiplies by [`Multiply`](multiply::Multiply). Neither
//! saturates in between, so every sum is exact.

mod attention;
mod conv;
mod depthwise;
mod linear;
pub(in crate::kernels) mod multiply;
mod norm;
mod packing;
mod product;
mod rows;
mod softmax;
mod store;
mod transpose;
pub(in crate::kernels) mod vector;

use crate::kernels::generic;
use crate::kernels::scalar;
use crate::kernels::set::Kernels;
use multiply::Multiply;

/// The set with the products of `M`.
pub(in crate::kernels) const fn set<M: Multiply>(name: &'static str) -> Kernels {
    Kernels {
        name,
        linear_i8: linear::linear_i8::<M>,
        linear_skip_i8: linear::linear_skip_i8::<M>,
        linear_add_i16: linear::linear_add_i16::<M>,
        logits_i32: scalar::logits_i32,
        logits_i8: generic::logits_i8,
        depthwise_i8: depthwise::depthwise_i8::<M::V>,
        layer_norm_i8: norm::layer_norm_i8::<M::V>,
        layer_norm_affine_i8: norm::layer_norm_affine_i8::<M::V>,
        attention_i8: attention::attention_i8::<M>,
        pool_i32: scalar::pool_i32,
        packing: None,
        conv: Some(conv::conv::<M>()),
    }
}
