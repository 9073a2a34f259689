//! The weights of a float network as plain numbers.

use runtime::config::VitConfig;
use trainer::attributes::Attributes;
use trainer::data::Normalisation;
use trainer::quantize::{Layer, Scaling};

/// One block.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatBlock {
    /// First normalisation.
    pub norm1: Scaling,
    /// Queries, keys and values, each `[heads · head_dim, dim]`.
    pub qkv: [Layer; 3],
    /// Output projection.
    pub project: Layer,
    /// Second normalisation.
    pub norm2: Scaling,
    /// First MLP layer.
    pub mlp1: Layer,
    /// Depthwise convolution, `[mlp_dim, 9]`. `None` if the MLP has none.
    pub depthwise: Option<Layer>,
    /// Second MLP layer.
    pub mlp2: Layer,
}

/// A whole network, read from a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct FloatNet {
    /// The checked description of the network.
    pub config: VitConfig,
    /// Name of every class.
    pub classes: Vec<String>,
    /// The normalisation of pixels.
    pub normalisation: Normalisation,
    /// Convolutions of the stem in order, with batch normalisation folded in. Empty if the stem is patches.
    pub convs: Vec<Layer>,
    /// The patch layer. `None` if the stem has convolutions.
    pub patch: Option<Layer>,
    /// Position embedding, `[tokens, dim]`.
    pub position: Vec<f64>,
    /// Blocks in order.
    pub blocks: Vec<FloatBlock>,
    /// Last normalisation.
    pub norm: Scaling,
    /// Layers of the class head, the last one giving the logits.
    pub head: Vec<Layer>,
    /// The layer of the attributes, if the blob gets them.
    pub attributes: Option<Attributes>,
}
