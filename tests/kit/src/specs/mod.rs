//! Descriptions of small networks that tests share, each declared once.

mod random;

pub use random::{long_stem, random};

use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, StemStage, VitSpec,
};

const fn conv(channels: u16, stride: u8, gelu: bool) -> StemStage {
    StemStage::Conv { channels, stride, gelu }
}

fn stem<const N: usize>(stages: [StemStage; N]) -> StemSpec {
    StemSpec::Conv(stages.into_iter().collect())
}

/// The golden network `tiny`: a convolution stem with every kind of stage over odd sides, depthwise
/// convolutions, a mean pool. No width is a multiple of a vector register's.
pub fn tiny() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 15, width: 18 },
        stem: stem([
            conv(10, 1, true),
            StemStage::Residual { hidden: 14 },
            conv(20, 2, true),
            StemStage::InvertedResidual { hidden: 35 },
            conv(41, 2, false),
        ]),
        dim: 41,
        depth: 2,
        attention: AttentionSpec { heads: 3, head_dim: 13 },
        mlp: MlpSpec { dim: 75, depthwise: true, second_gelu: false },
        pool: Pool::Mean,
        hidden: [].into_iter().collect(),
        classes: 10,
    }
}

/// The golden network `tiny_seed`, with the options of the preset `seed`: patches in row order, heads
/// wider than `dim`, GELU after both MLP layers, a flatten head with hidden layers.
pub fn tiny_seed() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 8, width: 12 },
        stem: StemSpec::Patches { size: 2, order: PatchOrder::Row },
        dim: 37,
        depth: 2,
        attention: AttentionSpec { heads: 2, head_dim: 39 },
        mlp: MlpSpec { dim: 70, depthwise: false, second_gelu: true },
        pool: Pool::Flatten,
        hidden: [33, 19].into_iter().collect(),
        classes: 10,
    }
}

/// The smallest network with every kind of stem stage: a depthwise convolution, GELU after both MLP
/// layers, a mean pool and a head with a hidden layer.
pub fn smallest_stem() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 7, width: 9 },
        stem: stem([
            conv(3, 1, true),
            conv(4, 2, false),
            StemStage::Residual { hidden: 3 },
            StemStage::InvertedResidual { hidden: 2 },
            conv(5, 2, false),
        ]),
        dim: 5,
        depth: 1,
        attention: AttentionSpec { heads: 2, head_dim: 3 },
        mlp: MlpSpec { dim: 6, depthwise: true, second_gelu: true },
        pool: Pool::Mean,
        hidden: [4].into_iter().collect(),
        classes: 3,
    }
}

/// The smallest network on patches in grid order: two blocks without options, a mean pool and a linear
/// head.
pub fn smallest_grid() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 4, width: 6 },
        stem: StemSpec::Patches { size: 2, order: PatchOrder::Grid },
        dim: 4,
        depth: 2,
        attention: AttentionSpec { heads: 1, head_dim: 5 },
        mlp: MlpSpec { dim: 3, depthwise: false, second_gelu: false },
        pool: Pool::Mean,
        hidden: [].into_iter().collect(),
        classes: 2,
    }
}

/// The smallest network on patches in row order: GELU after both MLP layers, a flatten head with a
/// hidden layer.
pub fn smallest_row() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 2, width: 3 },
        stem: StemSpec::Patches { size: 1, order: PatchOrder::Row },
        dim: 3,
        depth: 1,
        attention: AttentionSpec { heads: 2, head_dim: 2 },
        mlp: MlpSpec { dim: 4, depthwise: false, second_gelu: true },
        pool: Pool::Flatten,
        hidden: [3].into_iter().collect(),
        classes: 3,
    }
}

/// The options of the preset `seed` on images of CIFAR-10: patches in row order, GELU after both MLP
/// layers, a flatten head with hidden layers.
pub fn seed_options() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 32, width: 32 },
        stem: StemSpec::Patches { size: 4, order: PatchOrder::Row },
        dim: 24,
        depth: 2,
        attention: AttentionSpec { heads: 2, head_dim: 20 },
        mlp: MlpSpec { dim: 48, depthwise: false, second_gelu: true },
        pool: Pool::Flatten,
        hidden: [32, 16].into_iter().collect(),
        classes: 10,
    }
}

/// A hidden layer after a mean pool, on images of CIFAR-10: both residual stages, a depthwise
/// convolution, GELU after both MLP layers.
pub fn hidden_after_mean() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 32, width: 32 },
        stem: stem([
            conv(12, 2, true),
            StemStage::InvertedResidual { hidden: 20 },
            StemStage::Residual { hidden: 16 },
            conv(28, 2, false),
        ]),
        dim: 28,
        depth: 2,
        attention: AttentionSpec { heads: 2, head_dim: 8 },
        mlp: MlpSpec { dim: 40, depthwise: true, second_gelu: true },
        pool: Pool::Mean,
        hidden: [24].into_iter().collect(),
        classes: 10,
    }
}

/// Four tokens: patches of 4 × 4 pixels of an 8 × 8 image, one block without options, a mean pool and a
/// linear head.
pub fn four_tokens() -> VitSpec {
    VitSpec {
        image: ImageSpec { height: 8, width: 8 },
        stem: StemSpec::Patches { size: 4, order: PatchOrder::Grid },
        dim: 8,
        depth: 1,
        attention: AttentionSpec { heads: 1, head_dim: 4 },
        mlp: MlpSpec { dim: 8, depthwise: false, second_gelu: false },
        pool: Pool::Mean,
        hidden: [].into_iter().collect(),
        classes: 2,
    }
}
