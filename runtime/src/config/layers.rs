//! The layers of a network one by one: output shape, parameters and multiply-accumulates.

use super::checked::VitConfig;
use super::grid::Grid;

/// One layer as a summary lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Layer {
    /// Which layer.
    pub kind: LayerKind,
    /// Shape of its output.
    pub output: Shape,
    /// Its trained parameters.
    pub parameters: u64,
    /// Its multiply-accumulates for one image.
    pub macs: u64,
}

/// Which layer of the network a [`Layer`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum LayerKind {
    /// Convolution `conv` of stem stage `stage`, with its batch normalisation.
    Stem {
        /// Index of the stage.
        stage: usize,
        /// Index of the convolution within the stage.
        conv: usize,
    },
    /// The linear layer over patches.
    Patch,
    /// The position embedding.
    Position,
    /// First normalisation of a block.
    Norm1(usize),
    /// Attention of a block: the four projections, the scores, and the product with the values.
    Attention(usize),
    /// Second normalisation of a block.
    Norm2(usize),
    /// First layer of a block's MLP.
    Mlp1(usize),
    /// Depthwise convolution of a block's MLP.
    Depthwise(usize),
    /// Second layer of a block's MLP.
    Mlp2(usize),
    /// The last normalisation.
    Norm,
    /// The pool, mean or flatten.
    Pool,
    /// A layer of the class head. The last one gives the logits.
    Head(usize),
}

/// Shape of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Shape {
    /// `[height, width, channels]`.
    Grid(Grid),
    /// `[tokens, width]`.
    Tokens(usize, usize),
    /// `[len]`.
    Vector(usize),
}

impl Shape {
    /// Number of values.
    #[allow(clippy::len_without_is_empty, reason = "a shape of a network is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Self::Grid(grid) => grid.len(),
            Self::Tokens(tokens, width) => tokens * width,
            Self::Vector(len) => len,
        }
    }
}

impl core::fmt::Display for LayerKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Stem { stage, conv } => write!(f, "stem.{stage}.conv.{conv}"),
            Self::Patch => f.write_str("embed.patch"),
            Self::Position => f.write_str("embed.position"),
            Self::Norm1(block) => write!(f, "block.{block}.norm1"),
            Self::Attention(block) => write!(f, "block.{block}.attention"),
            Self::Norm2(block) => write!(f, "block.{block}.norm2"),
            Self::Mlp1(block) => write!(f, "block.{block}.mlp.1"),
            Self::Depthwise(block) => write!(f, "block.{block}.mlp.depthwise"),
            Self::Mlp2(block) => write!(f, "block.{block}.mlp.2"),
            Self::Norm => f.write_str("norm"),
            Self::Pool => f.write_str("pool"),
            Self::Head(layer) => write!(f, "head.{layer}"),
        }
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Grid(grid) => write!(f, "{} x {} x {}", grid.height, grid.width, grid.channels),
            Self::Tokens(tokens, width) => write!(f, "{tokens} x {width}"),
            Self::Vector(len) => write!(f, "{len}"),
        }
    }
}

impl VitConfig {
    /// Visits every layer in the order of the forward pass.
    pub fn for_each_layer(&self, mut visit: impl FnMut(Layer)) {
        self.visit_stem(&mut visit);
        for block in 0..self.depth() {
            self.visit_block(block, &mut visit);
        }
        let (tokens, dim) = (self.tokens(), self.dim());
        visit(layer(LayerKind::Norm, Shape::Tokens(tokens, dim), 2 * as_u64(dim), 0));
        visit(layer(LayerKind::Pool, Shape::Vector(self.pooled_len()), 0, 0));
        let mut inputs = as_u64(self.pooled_len());
        let widths = self.spec().hidden.iter().map(|&width| usize::from(width));
        for (index, width) in widths.chain([self.classes()]).enumerate() {
            let weights = inputs * as_u64(width);
            let parameters = weights + as_u64(width);
            visit(layer(LayerKind::Head(index), Shape::Vector(width), parameters, weights));
            inputs = as_u64(width);
        }
    }

    fn visit_stem(&self, visit: &mut impl FnMut(Layer)) {
        let out = Shape::Tokens(self.tokens(), self.dim());
        let (tokens, dim) = (as_u64(self.tokens()), as_u64(self.dim()));
        if let Some(patch) = self.patch_len().map(as_u64) {
            visit(layer(LayerKind::Patch, out, patch * dim + dim, tokens * patch * dim));
        }
        for (stage, geometry) in self.stem_stages().enumerate() {
            for conv in geometry.convs() {
                let output = conv.output;
                let kind = LayerKind::Stem { stage, conv: conv.index.into() };
                let weights = as_u64(conv.inputs()) * as_u64(output.channels);
                let parameters = weights + 2 * as_u64(output.channels);
                let macs = weights * as_u64(output.positions());
                visit(layer(kind, Shape::Grid(output), parameters, macs));
            }
        }
        visit(layer(LayerKind::Position, out, tokens * dim, 0));
    }

    fn visit_block(&self, block: usize, visit: &mut impl FnMut(Layer)) {
        let out = Shape::Tokens(self.tokens(), self.dim());
        let hidden = Shape::Tokens(self.tokens(), self.mlp_dim());
        let (tokens, dim) = (as_u64(self.tokens()), as_u64(self.dim()));
        let (width, mlp) = (as_u64(self.attention_dim()), as_u64(self.mlp_dim()));
        visit(layer(LayerKind::Norm1(block), out, 2 * dim, 0));
        let projections = 4 * dim * width;
        let macs = tokens * projections + 2 * tokens * tokens * width;
        visit(layer(LayerKind::Attention(block), out, projections + 3 * width + dim, macs));
        visit(layer(LayerKind::Norm2(block), out, 2 * dim, 0));
        visit(layer(LayerKind::Mlp1(block), hidden, dim * mlp + mlp, tokens * dim * mlp));
        if self.spec().mlp.depthwise {
            visit(layer(LayerKind::Depthwise(block), hidden, 10 * mlp, 9 * tokens * mlp));
        }
        visit(layer(LayerKind::Mlp2(block), out, mlp * dim + dim, tokens * mlp * dim));
    }
}

const fn layer(kind: LayerKind, output: Shape, parameters: u64, macs: u64) -> Layer {
    Layer { kind, output, parameters, macs }
}

/// A size as u64. `usize` can have 32 bits, which are too few for products of sizes.
const fn as_u64(size: usize) -> u64 {
    size as u64
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;
    use super::*;

    #[test]
    fn attention_of_seed_has_263_808_parameters() {
        let config = Preset::Seed.config(10).unwrap();
        let mut attentions = 0;
        config.for_each_layer(|layer| {
            if let LayerKind::Attention(_) = layer.kind {
                assert_eq!(layer.parameters, 263_808, "one attention of `seed`");
                attentions += 1;
            }
        });
        assert_eq!(attentions, 8, "blocks of `seed`");
    }

    #[test]
    fn macs_agree_with_the_published_figures() {
        let macs = |preset: Preset| preset.config(10).unwrap().macs();
        assert!(macs(Preset::Vit64x4).abs_diff(10_700_000) < 50_000, "vit-64x4");
        assert!(macs(Preset::Vit128x6).abs_diff(57_000_000) < 50_000, "vit-128x6");
        assert!(macs(Preset::Compact).abs_diff(103_000_000) < 1_000_000, "compact");
    }
}
