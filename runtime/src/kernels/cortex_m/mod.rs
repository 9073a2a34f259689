//! Kernel sets for Cortex-M.
//!
//! | set | needs | products |
//! |---|---|---|
//! | `dsp` | the DSP extension: Cortex-M4, M7, M33, M35P, M55, M85 | `SMLAD` on values widened by `SXTB16` |
//!
//! `SMLAD` adds two exact products of i16 values to an i32 and wraps; the true sum fits, by the
//! bounds of `INTEGER.md`.

mod dsp;

/// The sets of this target, slowest first.
pub(super) fn sets() -> impl Iterator<Item = &'static super::Kernels> {
    core::iter::once(&dsp::KERNELS)
}
