//! Kernels for AVX-512 with VNNI. An instruction multiplies four inputs for each of sixteen channels.

mod amx;
mod attention;
mod conv;
mod depthwise;
mod linear;
mod norm;
mod packing;
mod product;
mod requant;
mod row_scale;
mod rows;
mod softmax;
mod store;
mod tile;
mod vector;

use crate::kernels::scalar;
use crate::kernels::set::Kernels;

/// The AVX-512 VNNI set.
pub(super) static KERNELS: Kernels = set::<linear::Vpdpbusd>("avx512_vnni");

/// The set that multiplies the rows of linear layers on AMX.
pub(super) static AMX: Kernels = set::<amx::Tdpbusd>("amx_int8");

/// The set with the products of `M`.
const fn set<M: linear::Multiply>(name: &'static str) -> Kernels {
    Kernels {
        name,
        linear_i8: linear::linear_i8::<M>,
        linear_skip_i8: linear::linear_skip_i8::<M>,
        linear_add_i16: linear::linear_add_i16::<M>,
        logits_i32: scalar::logits_i32,
        logits_i8: linear::logits_i8,
        depthwise_i8: depthwise::depthwise_i8,
        layer_norm_i8: norm::layer_norm_i8,
        layer_norm_affine_i8: norm::layer_norm_affine_i8,
        attention_i8: attention::attention_i8,
        pool_i32: norm::pool_i32,
        packing: Some(packing::PACKING),
        conv: Some(conv::CONV),
    }
}
