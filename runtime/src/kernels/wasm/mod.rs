//! The kernel set for WebAssembly with 128-bit vectors.

mod multiply;
mod vector;

use crate::kernels::lanes;
use crate::kernels::set::Kernels;

/// The 128-bit set.
static KERNELS: Kernels = lanes::set::<multiply::Dot>("simd128");

/// The sets of this WebAssembly module. There is nothing to detect: an engine without vectors refuses
/// a module that uses them.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    core::iter::once(&KERNELS)
}
