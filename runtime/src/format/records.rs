//! The records of a blob as the reader and the writer share them: unchecked, borrowed.
//!
//! Byte strings hold little-endian integers; `FORMAT.md` gives lengths and ranges.

use crate::config::VitSpec;
use serde::{Deserialize, Serialize};

/// The description of the network, and how its arithmetic reads the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header<'a, I> {
    /// Geometry.
    pub spec: VitSpec,
    /// Int8: the image byte that stands for zero, for each channel. F16: [`PixelRecord`].
    pub input: I,
    /// Names separated by newlines; empty if there are none.
    pub class_names: &'a str,
}

/// The pixel normalisation of an f16 network: `(u8 / 255 − mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelRecord {
    /// Mean of each colour channel, of values 0..1.
    pub mean: [f32; 3],
    /// Standard deviation of each colour channel.
    pub std: [f32; 3],
}

/// One layer of an f16 network: `n` outputs, `k` inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct F16LinearRecord<'a> {
    /// f16, `[n, k]`; a depthwise convolution has `[9, n]`.
    pub weights: &'a [u8],
    /// f32, `[n]`.
    pub bias: &'a [u8],
}

/// A normalisation of an f16 network; epsilon is 1e-6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct F16NormRecord<'a> {
    /// f32, `[dim]`.
    pub gamma: &'a [u8],
    /// f32, `[dim]`.
    pub beta: &'a [u8],
}

/// One layer: `n` outputs, `k` inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinearRecord<'a> {
    /// i8, `[n, k]`; a depthwise convolution has `[9, n]`.
    pub weights: &'a [u8],
    /// i32, `[n]`.
    pub bias: &'a [u8],
    /// i32, `[n]`.
    pub mult: &'a [u8],
    /// `[n]`.
    pub shift: &'a [u8],
}

/// What follows an i8 layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationRecord<'a> {
    /// Zero point before GELU.
    pub zero_point: i8,
    /// GELU, if it follows.
    #[serde(borrow)]
    pub gelu: Option<GeluRecord<'a>>,
}

/// GELU as a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeluRecord<'a> {
    /// i8, `[256]`, indexed by the bits of the input.
    pub table: &'a [u8],
    /// Zero point after it.
    pub zero_point: i8,
}

/// A rescale: `mult · 2^−shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequantRecord {
    /// Multiplier.
    pub mult: u32,
    /// Shift.
    pub shift: u8,
}

/// A convolution of the stem, except the last: layer `L`, activation `A`, residual sum `S`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConvRecord<L, A, S> {
    /// Weights and rescales.
    pub linear: L,
    /// Output, before a residual sum.
    pub activation: A,
    /// Rescale of the stage's input, in the last convolution of a residual stage.
    pub skip: Option<S>,
}

/// A layer normalisation without gain and bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NormRecord {
    /// Added to the variance.
    pub eps: u32,
    /// Multiplier of `1 / output scale`.
    pub mult: u32,
    /// Its shift.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

/// Rescale of the weighted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextRecord {
    /// Multiplier of `value scale / output scale`.
    pub mult: u32,
    /// Its shift.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

/// GELU after the second MLP layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondGeluRecord<'a> {
    /// Zero point of the layer's i8 output.
    pub zero_point: i8,
    /// i16, `[256]`, indexed by the bits of that output, at the residual stream's scale.
    pub table: &'a [u8],
}

/// Softmax, and rescale of the weighted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionRecord {
    /// Octaves of one score step, times `2^28`.
    pub scores: u32,
    /// Rescale of the weighted values.
    pub context: ContextRecord,
}

/// One block: layers `L`, activations `A`, normalisations `N`, attention `T`, second GELU `G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BlockRecord<L, A, N, T, G> {
    /// First normalisation.
    pub norm1: N,
    /// Queries, keys, values.
    pub qkv: L,
    /// Softmax, and rescale of the weighted values.
    pub attention: T,
    /// Output projection.
    pub project: L,
    /// Second normalisation.
    pub norm2: N,
    /// First MLP layer.
    pub mlp1: (L, A),
    /// Depthwise convolution over the token grid.
    pub depthwise: Option<(L, A)>,
    /// Second MLP layer.
    pub mlp2: L,
    /// GELU after it.
    pub mlp2_gelu: Option<G>,
}

/// The last normalisation and the pool: normalisation `N`, embedding `E`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EndRecord<N, E> {
    /// The last normalisation.
    pub norm: N,
    /// From a mean pool's sums to the embedding.
    pub embedding: Option<E>,
}

/// The last normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastNormRecord<'a> {
    /// Added to the variance.
    pub eps: u32,
    /// i16, `[dim]`.
    pub gamma: &'a [u8],
    /// i32, `[dim]`.
    pub beta: &'a [u8],
    /// Fraction bits of `beta`.
    pub shift: u8,
    /// Zero point of the output.
    pub zero_point: i8,
}

/// The last layer of a class head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogitsRecord<'a> {
    /// i8, `[classes, k]`.
    pub weights: &'a [u8],
    /// i32, `[classes]`.
    pub bias: &'a [u8],
    /// From logit distances to octaves.
    pub probability: RequantRecord,
}

/// The layer of the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributesRecord<'a> {
    /// Names separated by newlines.
    pub names: &'a str,
    /// i8, `[attributes, dim]`.
    pub weights: &'a [u8],
    /// i32, `[attributes]`.
    pub bias: &'a [u8],
    /// i32, `[attributes]`: from logits to octaves.
    pub mult: &'a [u8],
    /// `[attributes]`.
    pub shift: &'a [u8],
}

/// The descriptor head, which makes the fingerprint of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescriptorRecord<'a> {
    /// Blocks before the tokens are summed.
    pub block: u8,
    /// Rows and columns of cells.
    pub cells: [u8; 2],
    /// i32, `[dim]`: added to the sum of each channel.
    pub bias: &'a [u8],
    /// i32, `[dim]`.
    pub mult: &'a [u8],
    /// `[dim]`.
    pub shift: &'a [u8],
    /// Over the cells.
    #[serde(borrow)]
    pub appearance: PartRecord<'a>,
    /// Over the embedding.
    pub class: PartRecord<'a>,
    /// The class part of each class, and the rescale of the nearest one to a weight.
    pub known: LogitsRecord<'a>,
}

/// One part of a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRecord<'a> {
    /// Number of values.
    pub dim: u8,
    /// From inputs to i16 values.
    pub layer: LinearRecord<'a>,
    /// From these to i8.
    pub norm: NormRecord,
    /// i8, `[64, dim]`.
    pub code_weights: &'a [u8],
    /// i32, `[64]`.
    pub code_bias: &'a [u8],
}

/// One head of the list of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRecord<'a> {
    /// Kind of the body.
    pub kind: u8,
    /// A record of its own.
    pub body: &'a [u8],
}

/// A stem convolution of an int8 blob.
pub type Int8Conv<'a> = ConvRecord<LinearRecord<'a>, ActivationRecord<'a>, RequantRecord>;
/// A block of an int8 blob.
pub type Int8Block<'a> = BlockRecord<
    LinearRecord<'a>,
    ActivationRecord<'a>,
    NormRecord,
    AttentionRecord,
    SecondGeluRecord<'a>,
>;
/// The end of an int8 blob.
pub type Int8End<'a> = EndRecord<LastNormRecord<'a>, RequantRecord>;
/// A stem convolution of an f16 blob.
pub type F16Conv<'a> = ConvRecord<F16LinearRecord<'a>, (), ()>;
/// A block of an f16 blob.
pub type F16Block<'a> = BlockRecord<F16LinearRecord<'a>, (), F16NormRecord<'a>, (), ()>;
/// The end of an f16 blob.
pub type F16End<'a> = EndRecord<F16NormRecord<'a>, ()>;
