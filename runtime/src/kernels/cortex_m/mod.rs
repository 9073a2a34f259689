//! Kernel sets for Cortex-M.
//!
//! | set | needs | products |
//! |---|---|---|
//! | `dsp` | the DSP extension: Cortex-M4, M7, M33, M35P, M52, M55, M85 | `SMLAD` on values widened by `SXTB16` |
//! | `mve` | the vector extension for integers: Cortex-M52, M55, M85 | `VMLAVA.S8` |
//!
//! Both add exact products to an i32, which wraps. The true sum fits by the bounds of `INTEGER.md`.
//!
//! For the arithmetic `F16` there is the set `fpu`, on every processor with a floating-point unit and
//! the DSP extension, if the target passes floats in registers (`eabihf`).

mod copy;
mod dsp;
#[cfg(all(feature = "f16", target_abi = "eabihf"))]
mod f16;
mod instructions;
mod linear;
#[cfg(cortex_m_mve)]
mod mve;
mod requant;

use crate::kernels::set::Kernels;
pub(crate) use copy::copy;
#[cfg(all(feature = "f16", target_abi = "eabihf"))]
pub(super) use f16::KERNELS as F16;

/// The sets of this target, slowest first.
pub(super) fn sets() -> impl Iterator<Item = &'static Kernels> {
    let sets = core::iter::once(&dsp::KERNELS);
    #[cfg(cortex_m_mve)]
    let sets = sets.chain(core::iter::once(&mve::KERNELS));
    sets
}
