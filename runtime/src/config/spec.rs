//! What a network looks like, as plain data: the part of a description that is stored.
//!
//! Nothing here is checked. [`VitConfig`](super::VitConfig) is the checked form, and the only one that the
//! rest of the workspace computes with.

use super::limits::{MAX_DEPTH, MAX_HIDDEN};
use super::stem::StemStage;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// An unchecked description of one network of the family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct VitSpec {
    /// Input image, RGB.
    pub image: ImageSpec,
    /// How pixels become tokens.
    pub stem: StemSpec,
    /// Width of a token.
    pub dim: u16,
    /// Number of blocks.
    pub depth: u8,
    /// Attention of every block.
    pub attention: AttentionSpec,
    /// MLP of every block.
    pub mlp: MlpSpec,
    /// From tokens to the class head.
    pub pool: Pool,
    /// Widths of the class head's hidden layers (each followed by GELU); empty for a linear head.
    pub hidden: Vec<u16, MAX_HIDDEN>,
    /// Number of classes.
    pub classes: u16,
}

/// Size of the input image in pixels; it always has three channels, RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ImageSpec {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
}

/// How pixels become tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StemSpec {
    /// Square patches through one linear layer with bias.
    Patches {
        /// Side of a patch in pixels.
        size: u8,
        /// Which pixels a patch holds.
        order: PatchOrder,
    },
    /// Convolutions without bias, each followed by a batch normalisation; every position of the
    /// last stage's output is a token.
    Conv(Vec<StemStage, MAX_DEPTH>),
}

/// Which pixels make up patch `t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PatchOrder {
    /// A `size × size` square; squares are numbered row by row, values within one are ordered
    /// row, column, channel.
    Grid,
    /// `size²` consecutive pixels of the image read row by row: what reshaping the `H×W×3` array to
    /// `(tokens, size²·3)` gives. Tokens then form no grid.
    Row,
}

/// Multi-head attention with biased query, key, value and output projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AttentionSpec {
    /// Number of heads.
    pub heads: u8,
    /// Width of a head; independent of `dim`.
    pub head_dim: u16,
}

/// The two-layer perceptron of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MlpSpec {
    /// Hidden width.
    pub dim: u16,
    /// Whether a biased depthwise 3×3 convolution over the token grid is added to the hidden
    /// values before GELU.
    pub depthwise: bool,
    /// Whether GELU also follows the second layer.
    pub second_gelu: bool,
}

/// From tokens to one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Pool {
    /// The mean over tokens.
    Mean,
    /// All tokens one after another.
    Flatten,
}
