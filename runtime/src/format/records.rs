//! The records of a blob as the reader and the writer share them: unchecked, borrowed.
//!
//! Byte strings hold little-endian integers; `FORMAT.md` gives lengths and ranges.

use crate::config::VitSpec;
use serde::{Deserialize, Serialize};

/// The description of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header<'a> {
    /// Geometry.
    pub spec: VitSpec,
    /// Image byte that stands for zero, for each channel.
    pub pad: [i8; 3],
    /// Names separated by newlines; empty if there are none.
    pub class_names: &'a str,
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
    /// i8, `[256]`, by the bits of the input.
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

/// A convolution of the stem, but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvRecord<'a> {
    /// Weights and rescales.
    #[serde(borrow)]
    pub linear: LinearRecord<'a>,
    /// Output, before a residual sum.
    #[serde(borrow)]
    pub activation: ActivationRecord<'a>,
    /// Rescale of the stage's input, in the last convolution of a residual stage.
    pub skip: Option<RequantRecord>,
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
    /// i16, `[256]`, by the bits of that output, at the residual stream's scale.
    pub table: &'a [u8],
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockRecord<'a> {
    /// First normalisation.
    pub norm1: NormRecord,
    /// Queries, keys, values.
    #[serde(borrow)]
    pub qkv: LinearRecord<'a>,
    /// Octaves of one score step, times `2^28`.
    pub scores: u32,
    /// Rescale of the weighted values.
    pub context: ContextRecord,
    /// Output projection.
    #[serde(borrow)]
    pub project: LinearRecord<'a>,
    /// Second normalisation.
    pub norm2: NormRecord,
    /// First MLP layer.
    #[serde(borrow)]
    pub mlp1: (LinearRecord<'a>, ActivationRecord<'a>),
    /// Depthwise convolution over the token grid.
    #[serde(borrow)]
    pub depthwise: Option<(LinearRecord<'a>, ActivationRecord<'a>)>,
    /// Second MLP layer.
    #[serde(borrow)]
    pub mlp2: LinearRecord<'a>,
    /// GELU after it.
    #[serde(borrow)]
    pub mlp2_gelu: Option<SecondGeluRecord<'a>>,
}

/// The last normalisation and the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRecord<'a> {
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
    /// From a mean pool's sums to the i8 embedding.
    pub embedding: Option<RequantRecord>,
}

/// One head over the pooled embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRecord<'a> {
    /// What the body is.
    pub kind: u8,
    /// A record of its own.
    pub body: &'a [u8],
}
