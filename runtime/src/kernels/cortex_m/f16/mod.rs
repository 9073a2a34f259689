//! The set of the arithmetic `F16` for Cortex-M with a floating-point unit.
//!
//! `vmla.f32` rounds the product before it adds. The fused `vfma.f32` has other bits. The vector instructions of
//! Cortex-M55 flush subnormal numbers, so they cannot be used.
#![expect(clippy::float_arithmetic, reason = "the one arithmetic of the runtime with floats")]

mod attention;
mod depthwise;
mod linear;
mod product;
mod widen;

use crate::kernels::f16::lanes::GENERIC;
use crate::kernels::f16::set::F16Kernels;

/// The set.
pub(in crate::kernels) static KERNELS: F16Kernels = F16Kernels {
    name: "fpu",
    linear: linear::linear,
    linear_add: linear::linear_add,
    depthwise: depthwise::depthwise,
    attention: attention::attention,
    ..GENERIC
};
