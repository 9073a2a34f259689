//! Reads the parts of a blob's records that differ between arithmetics, in the order of `FORMAT.md`.

use super::types::{LayerShape, Types};
use crate::config::VitConfig;
use crate::format::Records;

/// Reads and checks the parts of records that each arithmetic stores in its own way.
///
/// Each method returns `None` after a fault. The records keep the fault.
pub trait FromRecords: Types {
    /// The number that the prelude stores.
    const ID: u16;

    /// Checks the part of the header about the input.
    fn input(records: &mut Records<'_>, input: &Self::Input) -> Option<()>;

    /// A layer.
    fn read_linear<'a>(records: &mut Records<'a>, shape: LayerShape) -> Option<Self::Linear<'a>>;

    /// Zero points and GELU after a layer; `gelu` says whether the description asks for GELU.
    fn read_activation<'a>(records: &mut Records<'a>, gelu: bool) -> Option<Self::Activation<'a>>;

    /// How a residual stage adds its input, in which `zero` stands for zero. Without `zero`, the layer
    /// adds nothing, and the result is `Some(None)`.
    fn read_skip(
        records: &mut Records<'_>,
        zero: Option<Self::Act>,
        activation: &Self::Activation<'_>,
    ) -> Option<Option<Self::Skip>>;

    /// A block's normalisation of width `dim`.
    fn read_norm<'a>(records: &mut Records<'a>, dim: usize) -> Option<Self::Norm<'a>>;

    /// Softmax, and rescale of the weighted values.
    fn read_attention(records: &mut Records<'_>, config: &VitConfig) -> Option<Self::Attention>;

    /// GELU after the second MLP layer; `Some(None)` unless `expected`.
    fn read_second_gelu<'a>(
        records: &mut Records<'a>,
        expected: bool,
    ) -> Option<Option<Self::SecondGelu<'a>>>;

    /// The position embedding of `len` values.
    fn read_position<'a>(records: &mut Records<'a>, len: usize) -> Option<Self::Position<'a>>;

    /// The last normalisation of width `dim`.
    fn read_last_norm<'a>(records: &mut Records<'a>, dim: usize) -> Option<Self::LastNorm<'a>>;

    /// From the sums of a mean pool over `tokens` to the embedding; `Some(None)` without `tokens`.
    fn read_embedding(
        records: &mut Records<'_>,
        tokens: Option<usize>,
    ) -> Option<Option<Self::Embedding>>;

    /// The last layer of the class head.
    fn read_logits<'a>(
        records: &mut Records<'a>,
        shape: LayerShape,
    ) -> Option<(Self::Logits<'a>, Self::Probability)>;
}
