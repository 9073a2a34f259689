//! Kernel sets for AArch64, and which of them this processor runs.
//!
//! | set | needs | products |
//! |---|---|---|
//! | `neon` | nothing more than the architecture | `smull` to i16; `sadalp` adds pairs of them to i32 |
//! | `dotprod` | FEAT_DotProd | `sdot`, four products to an i32 |
//!
//! Neither saturates: a product of two i8 fits i16, and `sdot` is exact in i32.

mod dotprod;
mod neon;

use crate::kernels::set::Kernels;

/// The sets that this processor runs, slowest first.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    core::iter::once(&neon::KERNELS).chain(has_dotprod().then_some(&dotprod::KERNELS))
}

/// Detection needs an operating system; without `std` the target's features decide.
fn has_dotprod() -> bool {
    #[cfg(any(test, feature = "std"))]
    return std::arch::is_aarch64_feature_detected!("dotprod");
    #[cfg(not(any(test, feature = "std")))]
    cfg!(target_feature = "dotprod")
}
