//! Networks of a few kilobytes that between them hold every kind of record, for tests that try
//! every byte.

use crate::network::Network;
use crate::synthetic::{Values, network};
use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, StemStage, VitConfig, VitSpec,
};

/// The networks, each with a name.
///
/// # Panics
/// Never: the descriptions are valid.
pub fn networks() -> [(&'static str, Network); 3] {
    [("stem", stem()), ("patches in grid order", grid()), ("patches in row order", row())].map(
        |(name, spec)| {
            let config = VitConfig::new(spec).expect("a valid description");
            (name, network(&config, 3, Values::Typical))
        },
    )
}

/// A convolution stem with every kind of stage, a depthwise convolution, GELU after both MLP
/// layers, a mean pool and a head with a hidden layer.
fn stem() -> VitSpec {
    let conv = |channels, stride, gelu| StemStage::Conv { channels, stride, gelu };
    let stages = [
        conv(3, 1, true),
        conv(4, 2, false),
        StemStage::Residual { hidden: 3 },
        StemStage::InvertedResidual { hidden: 2 },
        conv(5, 2, false),
    ];
    VitSpec {
        image: ImageSpec { height: 7, width: 9 },
        stem: StemSpec::Conv(stages.into_iter().collect()),
        dim: 5,
        depth: 1,
        attention: AttentionSpec { heads: 2, head_dim: 3 },
        mlp: MlpSpec { dim: 6, depthwise: true, second_gelu: true },
        pool: Pool::Mean,
        hidden: [4].into_iter().collect(),
        classes: 3,
    }
}

/// Square patches, two blocks without options, a mean pool and a linear head.
fn grid() -> VitSpec {
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

/// Patches in row order, GELU after both MLP layers, a flatten head with a hidden layer.
fn row() -> VitSpec {
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
