//! The kernels with vectors: a lane has what one output, one query or one channel of the definition has.
//!
//! [`Lanes`] names the operations of a processor. A set of an architecture calls these functions inside a
//! function with its instructions. Everything here is inlined into it; for this reason there is no closure
//! around an operation.

mod attention;
mod depthwise;
mod elements;
mod functions;
mod generic;
mod linear;
mod norm;
mod one;
#[cfg(target_arch = "x86_64")]
mod set;
mod vector;
mod words;

pub(in crate::kernels) use generic::KERNELS as GENERIC;
#[cfg(target_arch = "x86_64")]
pub(in crate::kernels) use set::lanes_set;
#[cfg(target_arch = "x86_64")]
pub(in crate::kernels) use {
    attention::attention, depthwise::depthwise, elements::gelu, linear::linear_add, norm::norm,
    vector::Aligned, vector::Lanes, vector::MAX_LANES,
};
