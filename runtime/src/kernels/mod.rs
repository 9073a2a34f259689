//! The loops that do the work, in sets that return the same bits.
//!
//! [`scalar`] is the definition. [`generic`] is the same arithmetic in blocks that a compiler turns
//! into SIMD for any target. The other sets belong to one architecture each. A set is a value of
//! type [`Kernels`]; a model chooses one when it is parsed.
//!
//! **Invariant**: every kernel of every set returns the bits of [`scalar`] for every operand. The tests
//! of `kit` check this.

#[cfg(all(target_arch = "aarch64", lanes_target))]
#[allow(unsafe_code, reason = "vector instructions; each block states why it is sound")]
mod aarch64;
#[cfg(all(target_arch = "arm", word_target))]
#[allow(unsafe_code, reason = "loops in assembly; each block states why it is sound")]
mod armv6m;
#[cfg(cortex_m_dsp)]
#[allow(unsafe_code, reason = "instructions of an extension; each block states why it is sound")]
mod cortex_m;
#[cfg(feature = "f16")]
pub mod f16;
pub mod generic;
#[cfg(lanes_target)]
mod lanes;
mod operand;
#[cfg(all(target_arch = "riscv32", word_target))]
#[allow(unsafe_code, reason = "loops in assembly; each block states why it is sound")]
mod riscv;
pub mod scalar;
mod set;
#[cfg(target_arch = "x86_64")]
mod tile;
#[cfg(vector_target)]
mod tile_rows;
#[cfg(upper_word)]
mod upper;
#[cfg(target_feature = "simd128")]
#[allow(unsafe_code, reason = "vector instructions; each block states why it is sound")]
mod wasm;
#[cfg(word_target)]
mod word;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "vector instructions; each block states why it is sound")]
mod x86;

#[cfg(not(word_target))]
pub(crate) use crate::fixed::{sat8, sat16};
#[cfg(cortex_m_dsp)]
pub(crate) use cortex_m::copy;
pub use operand::{Activation, Attention, Channel, Linear, Norm, NormAffine, Skip};
#[cfg(target_arch = "x86_64")]
#[doc(hidden)]
pub use set::PACKED_ALIGN;
pub use set::{Conv, Kernels, Packing};
#[cfg(word_target)]
pub(crate) use word::{sat8, sat16};

impl Kernels {
    /// Every set that this processor can run, the definition first and the best last.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let sets = [&scalar::KERNELS, &generic::KERNELS].into_iter();
        #[cfg(target_arch = "x86_64")]
        let sets = sets.chain(x86::sets());
        #[cfg(cortex_m_dsp)]
        let sets = sets.chain(cortex_m::sets());
        #[cfg(word_target)]
        let sets = sets.chain(core::iter::once(&word::KERNELS));
        #[cfg(all(target_arch = "aarch64", lanes_target))]
        let sets = sets.chain(aarch64::sets());
        #[cfg(target_feature = "simd128")]
        let sets = sets.chain(wasm::sets());
        sets
    }

    /// The set that [`Model::parse`](crate::Model::parse) uses.
    pub fn best() -> &'static Self {
        Self::all().last().unwrap_or(&scalar::KERNELS)
    }
}
