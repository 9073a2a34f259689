//! Random small descriptions from every branch of the family.

use crate::rng::Rng;
use runtime::config::{
    AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, StemStage, VitConfig, VitSpec,
};

/// A valid description, small enough to be run a thousand times in a test.
///
/// Patches in both orders; stems of one to five stages of every kind, with strides 1 and 2 over
/// even and odd sides; with and without depthwise convolution, second GELU and hidden layers of
/// the head; mean and flatten. Widths are on both sides of the kernels' block lengths.
///
/// # Panics
/// If the generator breaks a rule of [`VitConfig`].
pub fn random(rng: &mut Rng) -> VitConfig {
    let dim = width(rng);
    let (image, stem) = if rng.one_in(2) { patches(rng) } else { convolutions(rng, dim) };
    let row_order = matches!(stem, StemSpec::Patches { order: PatchOrder::Row, .. });
    let spec = VitSpec {
        image,
        stem,
        dim,
        depth: rng.pick(1, 2),
        attention: AttentionSpec { heads: rng.pick(1, 3), head_dim: rng.pick(1, 18) },
        mlp: MlpSpec {
            dim: width(rng),
            depthwise: !row_order && rng.one_in(2),
            second_gelu: rng.one_in(3),
        },
        pool: if rng.one_in(3) { Pool::Flatten } else { Pool::Mean },
        hidden: (0..rng.pick(-1, 2i8)).map(|_| width(rng)).collect(),
        classes: rng.pick(2, 7),
    };
    VitConfig::new(spec).expect("the generator keeps to the rules")
}

/// A valid description whose stem has 1 to 16 stages over an image of up to 70 × 70 pixels, with few
/// channels and one block.
///
/// # Panics
/// If the generator breaks a rule of [`VitConfig`].
pub fn long_stem(rng: &mut Rng) -> VitConfig {
    let image = ImageSpec { height: rng.pick(1, 70), width: rng.pick(1, 70) };
    let few = |rng: &mut Rng| rng.pick(1u16, 6);
    let count = usize::from(rng.pick(1u8, 16));
    // Enough halvings to leave few tokens.
    let (mut halvings, mut pixels) = (0, u32::from(image.height) * u32::from(image.width));
    while pixels > 40 {
        (halvings, pixels) = (halvings + 1, pixels.div_ceil(4));
    }
    let mut stages = Vec::new();
    while stages.len() + halvings + 1 < count {
        stages.push(match rng.pick(0, 2) {
            0 if !stages.is_empty() => StemStage::Residual { hidden: few(rng) },
            1 if !stages.is_empty() => StemStage::InvertedResidual { hidden: few(rng) },
            _ => StemStage::Conv { channels: few(rng), stride: 1, gelu: rng.one_in(2) },
        });
    }
    for _ in 0..halvings {
        let stage = StemStage::Conv { channels: few(rng), stride: 2, gelu: rng.one_in(2) };
        // After the first stage, which is never a residual one.
        let place =
            if stages.is_empty() { 0 } else { rng.between(1, stages.len() as i64) as usize };
        stages.insert(place, stage);
    }
    let dim = few(rng);
    stages.push(StemStage::Conv { channels: dim, stride: rng.pick(1, 2), gelu: false });
    let spec = VitSpec {
        image,
        stem: StemSpec::Conv(stages.into_iter().collect()),
        dim,
        depth: 1,
        attention: AttentionSpec { heads: 1, head_dim: few(rng) },
        mlp: MlpSpec { dim: few(rng), depthwise: rng.one_in(2), second_gelu: rng.one_in(2) },
        pool: Pool::Mean,
        hidden: Default::default(),
        classes: 2,
    };
    VitConfig::new(spec).expect("the generator keeps to the rules")
}

fn width(rng: &mut Rng) -> u16 {
    match rng.pick(0, 3) {
        0 => rng.pick(1, 4),
        1 => rng.pick(15, 17),
        2 => rng.pick(31, 40),
        _ => rng.pick(5, 24),
    }
}

fn patches(rng: &mut Rng) -> (ImageSpec, StemSpec) {
    let size: u8 = rng.pick(1, 4);
    let image = ImageSpec {
        height: rng.pick(1, 4) * u16::from(size),
        width: rng.pick(1, 5) * u16::from(size),
    };
    let order = if rng.one_in(2) { PatchOrder::Grid } else { PatchOrder::Row };
    (image, StemSpec::Patches { size, order })
}

fn convolutions(rng: &mut Rng, dim: u16) -> (ImageSpec, StemSpec) {
    let image = ImageSpec { height: rng.pick(1, 9), width: rng.pick(1, 9) };
    let mut stages = Vec::new();
    for _ in 0..rng.pick(0, 4) {
        // A residual stage cannot be the first.
        stages.push(match rng.pick(0, 3) {
            0 if !stages.is_empty() => StemStage::Residual { hidden: width(rng) },
            1 if !stages.is_empty() => StemStage::InvertedResidual { hidden: width(rng) },
            _ => StemStage::Conv {
                channels: width(rng),
                stride: rng.pick(1, 2),
                gelu: rng.one_in(2),
            },
        });
    }
    stages.push(StemStage::Conv { channels: dim, stride: rng.pick(1, 2), gelu: false });
    (image, StemSpec::Conv(stages.into_iter().collect()))
}
