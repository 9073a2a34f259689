//! The loops of the arithmetic `F16`: f16 weights and f32 values, in sets that return the same bits.
//!
//! [`scalar`] is the definition; `F16.md` describes it. Every operation is one of IEEE 754 in binary32, with
//! rounding to nearest, ties to even. A product and a sum are rounded one after the other: a fused
//! multiply-add gives other bits, and many processors have none. Sums have a fixed order. Subnormal numbers
//! are not flushed. The bits of a NaN are not defined.
#![expect(clippy::float_arithmetic, reason = "the one arithmetic of the runtime with floats")]

pub mod functions;
pub(super) mod lanes;
pub(super) mod operand;
pub mod scalar;
pub(super) mod set;

pub use operand::{F16Attention, F16Linear, F16Norm};
pub use set::F16Kernels;

impl F16Kernels {
    /// Every set that this processor can run, the definition first and the best last.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let sets = [&scalar::KERNELS, &lanes::GENERIC].into_iter();
        #[cfg(target_arch = "x86_64")]
        let sets = sets.chain(super::x86::f16_sets());
        #[cfg(all(cortex_m_dsp, target_abi = "eabihf"))]
        let sets = sets.chain(core::iter::once(&super::cortex_m::F16));
        sets
    }

    /// The set that [`Model::parse_f16`](crate::Model::parse_f16) uses.
    pub fn best() -> &'static Self {
        Self::all().last().unwrap_or(&scalar::KERNELS)
    }
}
