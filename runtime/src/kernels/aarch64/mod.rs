//! Kernel sets for AArch64, and which of them this processor runs.
//!
//! | set | needs | products |
//! |---|---|---|
//! | `neon` | nothing more than the architecture | `smull` and `smlsl` to i16; `sadalp` adds pairs of them to i32 |
//! | `dotprod` | `FEAT_DotProd` | `sdot`, four products to an i32 |
//! | `i8mm` | `FEAT_I8MM` | `smmla`, eight products to an i32 |
//!
//! Neither saturates. Everything but the products is shared.

mod dotprod;
mod i8mm;
mod instructions;
mod neon;
mod vector;

use crate::kernels::set::Kernels;

/// The sets that this processor runs, slowest first. Detection needs an operating system; without `std` the target's
/// features decide.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    #[cfg(any(test, feature = "std"))]
    use std::arch::is_aarch64_feature_detected as has;
    #[cfg(not(any(test, feature = "std")))]
    macro_rules! has {
        ($feature:tt) => {
            cfg!(target_feature = $feature)
        };
    }
    core::iter::once(&neon::KERNELS)
        .chain(has!("dotprod").then_some(&dotprod::KERNELS))
        .chain(has!("i8mm").then_some(&i8mm::KERNELS))
}
