//! The kernel set for WebAssembly with 128-bit vectors.

mod simd128;

use crate::kernels::set::Kernels;

/// The sets of this WebAssembly module. There is nothing to detect: an engine without vectors refuses
/// a module that uses them.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    core::iter::once(&simd128::KERNELS)
}
