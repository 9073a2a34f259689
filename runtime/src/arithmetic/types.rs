//! What an arithmetic stores: the types of its values and of its layers.

use crate::config::ValueBytes;
use bytemuck::Pod;
use core::fmt::Debug;
use num_traits::Num;
use serde::Deserialize;

/// Size of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Number of output channels.
    pub outputs: usize,
    /// Number of inputs of one output.
    pub inputs: usize,
}

impl LayerShape {
    /// Number of weights. A product beyond `usize` becomes its maximum, which no blob holds.
    pub(super) const fn weights(self) -> usize {
        self.outputs.saturating_mul(self.inputs)
    }
}

/// The types of an arithmetic.
pub trait Types: Copy + Debug + Sized + 'static {
    /// A stored activation.
    type Act: Pod + Num + Debug;
    /// A value of the residual stream.
    type Residual: Pod + Num + Debug;
    /// A score, a pooled sum, a logit.
    type Acc: Pod + Num + PartialOrd + Debug;
    /// Bytes of each of these, from which the size of the arena follows.
    const BYTES: ValueBytes = ValueBytes {
        activation: size_of::<Self::Act>(),
        residual: size_of::<Self::Residual>(),
        accumulator: size_of::<Self::Acc>(),
    };
    /// The set of kernels in use.
    type Kernels: Copy + Debug;
    /// The part of the blob about the conversion of image bytes to activations.
    type Input: Copy + Debug + for<'de> Deserialize<'de>;
    /// A layer.
    type Linear<'a>: Copy + Debug;
    /// Zero points and GELU after a layer.
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
