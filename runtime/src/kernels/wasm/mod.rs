//! The kernel set for WebAssembly with 128-bit vectors.

mod simd128;

use crate::kernels::set::Kernels;

/// The sets of this module; a module that uses vectors is refused where there are none.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    core::iter::once(&simd128::KERNELS)
}
