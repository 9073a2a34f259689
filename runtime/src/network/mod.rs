//! A parsed blob as the forward pass reads it: everything checked, weights borrowed.

mod attributes;
mod descriptor;
mod parse;

use crate::arithmetic::Arithmetic;
use crate::config::{MAX_DEPTH, MAX_HIDDEN, MAX_STAGE_CONVS, VitConfig};
use crate::format::Names;
pub(crate) use attributes::{AttributeHead, attribute_head};
pub(crate) use descriptor::{CellChannels, Cells, DescriptorHead, Part, descriptor_head};
use heapless::Vec;
pub(crate) use parse::parse;
#[cfg(feature = "write")]
pub(crate) use parse::split_heads;

/// Maximum number of convolutions of a stem without the last one, which is a stage by itself.
const MAX_CONVS: usize = MAX_STAGE_CONVS * (MAX_DEPTH - 1);

/// The layers of a network, borrowed from its blob.
///
/// A network takes several kilobytes. [`parse`] fills it in place, layer by layer, so that it is not on the
/// stack twice. Therefore single layers are optional. After [`parse`], each of them is present; `embedding`
/// is present with a mean pool.
#[derive(Clone, Debug)]
pub(crate) struct Network<'a, A: Arithmetic> {
    pub(crate) config: VitConfig,
    pub(crate) class_names: Names<'a>,
    /// CRC-32 in the prelude of the blob.
    pub(crate) checksum: u32,
    /// From image bytes to activations.
    pub(crate) input: A::Input,
    /// Convolutions of the stem except the last.
    pub(crate) convs: Vec<Conv<'a, A>, MAX_CONVS>,
    /// The layer that makes tokens: the last convolution of the stem, or the one over patches.
    pub(crate) embed: Option<A::Linear<'a>>,
    pub(crate) position: Option<A::Position<'a>>,
    pub(crate) blocks: Vec<Block<'a, A>, MAX_DEPTH>,
    /// The last normalisation.
    pub(crate) norm: Option<A::LastNorm<'a>>,
    pub(crate) embedding: Option<A::Embedding>,
    pub(crate) head: ClassHead<'a, A>,
    /// The heads after the class head, as they lie in the blob, unread.
    pub(crate) other_heads: &'a [u8],
    /// The kernel set that computes.
    pub(crate) kernels: A::Kernels,
}

/// One convolution of the stem, except the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conv<'a, A: Arithmetic> {
    pub(crate) layer: A::Linear<'a>,
    pub(crate) activation: A::Activation<'a>,
    pub(crate) skip: Option<A::Skip>,
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'a, A: Arithmetic> {
    pub(crate) norm1: A::Norm<'a>,
    pub(crate) qkv: A::Linear<'a>,
    pub(crate) attention: A::Attention,
    pub(crate) project: A::Linear<'a>,
    pub(crate) norm2: A::Norm<'a>,
    pub(crate) mlp1: (A::Linear<'a>, A::Activation<'a>),
    pub(crate) depthwise: Option<(A::Linear<'a>, A::Activation<'a>)>,
    pub(crate) mlp2: A::Linear<'a>,
    pub(crate) mlp2_gelu: Option<A::SecondGelu<'a>>,
}

/// The class head.
#[derive(Clone, Debug)]
pub(crate) struct ClassHead<'a, A: Arithmetic> {
    pub(crate) hidden: Vec<(A::Linear<'a>, A::Activation<'a>), MAX_HIDDEN>,
    /// The last layer, and from its logits to probabilities.
    pub(crate) logits: Option<(A::Logits<'a>, A::Probability)>,
}

impl<A: Arithmetic> Network<'_, A> {
    /// Bytes of arena that a forward pass needs, at any alignment.
    pub(crate) fn arena_len(&self) -> usize {
        self.config.arena_len_of(A::BYTES, false)
    }

    /// Bytes of arena with which a computer computes whole tensors, at any alignment.
    pub(crate) fn arena_len_fast(&self) -> usize {
        self.config.arena_len_of(A::BYTES, true)
    }
}
