//! The sets of the arithmetic `F16` for x86-64.
//!
//! | set | needs | lanes |
//! |---|---|---|
//! | `sse2` | nothing more than the architecture | 4 |
//! | `avx2` | AVX2, F16C | 8 |
//! | `avx512` | AVX-512 F, F16C | 16 |
//!
//! FMA is not used, because a fused product has other bits.

mod avx2;
mod avx512;
mod halves;
mod sse2;

use super::Features;
use crate::kernels::f16::set::F16Kernels;

/// The sets that this processor and operating system run, slowest first.
pub(in crate::kernels) fn sets() -> impl Iterator<Item = &'static F16Kernels> {
    let features = Features::detect();
    let avx2 = (features.avx2 && features.f16c).then_some(&avx2::KERNELS);
    let avx512 = (features.avx512f && features.f16c).then_some(&avx512::KERNELS);
    core::iter::once(&sse2::KERNELS).chain(avx2).chain(avx512)
}
