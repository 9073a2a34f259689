//! Reading: the parts of a blob's records that differ between arithmetics, in `FORMAT.md`'s order.

use super::Types;
use crate::config::VitConfig;
use crate::error::FormatError;
use crate::format::Records;
use crate::model::check::Check;

/// Reads and checks the leaves of a blob. `check` names the record in errors.
pub trait Leaves: Types {
    /// The number that the prelude stores.
    const ID: u16;

    /// Checks what the header says of the input.
    fn input(check: Check, input: &Self::Input) -> Result<(), FormatError>;

    /// A layer of `n` outputs over `k` inputs.
    fn read_linear<'a>(
        records: &mut Records<'a>,
        check: Check,
        shape: (usize, usize),
    ) -> Result<Self::Linear<'a>, FormatError>;

    /// What follows a layer.
    fn read_activation<'a>(
        records: &mut Records<'a>,
        check: Check,
        gelu: bool,
    ) -> Result<Self::Activation<'a>, FormatError>;

    /// How a stage adds its input, where `zero` stands for zero; `None` if nothing is added.
    fn read_skip(
        records: &mut Records<'_>,
        check: Check,
        zero: Option<Self::Act>,
        activation: &Self::Activation<'_>,
    ) -> Result<Option<Self::Skip>, FormatError>;

    /// A block's normalisation of width `dim`.
    fn read_norm<'a>(
        records: &mut Records<'a>,
        check: Check,
        dim: usize,
    ) -> Result<Self::Norm<'a>, FormatError>;

    /// Softmax, and rescale of the weighted values.
    fn read_attention(
        records: &mut Records<'_>,
        check: Check,
        config: &VitConfig,
    ) -> Result<Self::Attention, FormatError>;

    /// GELU after the second MLP layer, if `expected`.
    fn read_second_gelu<'a>(
        records: &mut Records<'a>,
        check: Check,
        expected: bool,
    ) -> Result<Option<Self::SecondGelu<'a>>, FormatError>;

    /// The position embedding of `len` values.
    fn position<'a>(
        check: Check,
        bytes: &'a [u8],
        len: usize,
    ) -> Result<Self::Position<'a>, FormatError>;

    /// The last normalisation of width `dim`.
    fn read_last_norm<'a>(
        records: &mut Records<'a>,
        check: Check,
        dim: usize,
    ) -> Result<Self::LastNorm<'a>, FormatError>;

    /// From a mean pool over `tokens` to the embedding; `None` without a mean pool.
    fn read_embedding(
        records: &mut Records<'_>,
        check: Check,
        tokens: Option<usize>,
    ) -> Result<Option<Self::Embedding>, FormatError>;

    /// The last layer of the class head, `n` outputs over `k` inputs.
    fn read_logits<'a>(
        records: &mut Records<'a>,
        check: Check,
        shape: (usize, usize),
    ) -> Result<(Self::Logits<'a>, Self::Probability), FormatError>;
}
