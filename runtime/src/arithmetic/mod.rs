//! What a network computes with: geometry, arena, reader and forward pass are shared by every
//! arithmetic.
//!
//! [`Int8`] is the integer network of `INTEGER.md`. [`F16`], behind the feature `f16`, has the
//! same stages with f16 weights and f32 activations, for parts with a floating-point unit.
//!
//! **Invariant**: [`Arithmetic`] is sealed; its implementations are those of this module.

#[cfg(feature = "f16")]
mod f16;
mod int8;
mod read;
mod stages;

#[cfg(feature = "f16")]
pub use f16::F16;
pub use int8::Int8;
pub(crate) use read::FromRecords;
pub(crate) use stages::Stages;

use bytemuck::Pod;
use core::fmt::Debug;
use num_traits::Num;
use serde::Deserialize;

/// One way to compute a network's stages. Sealed.
pub trait Arithmetic: FromRecords + Stages {}

/// The types of an arithmetic.
pub trait Types: Copy + Debug + Sized + 'static {
    /// A stored activation.
    type Act: Pod + Num + Debug;
    /// A value of the residual stream.
    type Residual: Pod + Num + Debug;
    /// A score, a pooled sum, a logit.
    type Acc: Pod + Num + PartialOrd + Debug;
    /// The set of kernels in use.
    type Kernels: Copy + Debug;
    /// How image bytes become activations, as stored.
    type Input: Copy + Debug + for<'de> Deserialize<'de>;
    /// A layer.
    type Linear<'a>: Copy + Debug;
    /// What follows a layer.
    type Activation<'a>: Copy + Debug;
    /// How a residual stem stage adds its input.
    type Skip: Copy + Debug;
    /// A block's normalisation.
    type Norm<'a>: Copy + Debug;
    /// The last normalisation.
    type LastNorm<'a>: Copy + Debug;
    /// Softmax, and rescale of the weighted values.
    type Attention: Copy + Debug;
    /// The position embedding.
    type Position<'a>: Copy + Debug;
    /// GELU after the second MLP layer.
    type SecondGelu<'a>: Copy + Debug;
    /// From a mean pool's sums to the embedding.
    type Embedding: Copy + Debug;
    /// The last layer of the class head.
    type Logits<'a>: Copy + Debug;
    /// From logits to probabilities.
    type Probability: Copy + Debug;
}
