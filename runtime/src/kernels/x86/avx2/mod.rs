//! AVX2: eight channels per vector, and two of these at a time.
//!
//! The set `avx2` widens values to i16; `vpmaddwd` adds two exact products to an i32, which cannot overflow
//! (`2 · 2^14`). The set `avx_vnni` multiplies with `vpdpbusd`, four inputs at a time, and has the other kernels
//! of `avx2`.

mod attention;
mod conv;
mod depthwise;
mod linear;
mod multiply;
mod norm;
mod packing;
mod portable;
mod product;
mod requant;
mod rows;
mod softmax;
mod store;
mod tile;
mod vector;

use crate::kernels::set::Kernels;
use multiply::{Multiply, Vpdpbusd, Vpmaddwd};

/// The AVX2 set.
pub(super) static KERNELS: Kernels = set::<Vpmaddwd>("avx2");

/// The AVX-VNNI set.
pub(super) static AVX_VNNI: Kernels = set::<Vpdpbusd<false>>("avx_vnni");

/// The AVX-VNNI set for processors that have its instruction only in the encoding of AVX-512.
pub(super) static AVX_VNNI_EVEX: Kernels = set::<Vpdpbusd<true>>("avx_vnni");

/// The set with the products of `M`.
const fn set<M: Multiply>(name: &'static str) -> Kernels {
    Kernels {
        name,
        linear_i8: linear::linear_i8::<M>,
        linear_skip_i8: linear::linear_skip_i8::<M>,
        linear_add_i16: linear::linear_add_i16::<M>,
        logits_i32: crate::kernels::scalar::logits_i32,
        logits_i8: portable::logits_i8,
        depthwise_i8: depthwise::depthwise_i8,
        layer_norm_i8: norm::layer_norm_i8,
        layer_norm_affine_i8: norm::layer_norm_affine_i8,
        attention_i8: attention::attention_i8,
        pool_i32: portable::pool_i32,
        packing: Some(packing::packing::<M>()),
        conv: Some(conv::conv::<M>()),
    }
}
