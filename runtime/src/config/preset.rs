//! The named networks of the family.

use super::checked::VitConfig;
use super::spec::{AttentionSpec, ImageSpec, MlpSpec, PatchOrder, Pool, StemSpec, VitSpec};
use super::stem::StemStage;
use crate::error::ConfigError;
use heapless::Vec;

/// Side of the images of most presets.
const SIDE: u16 = 32;

/// A network with a name, for RGB images of 32×32 pixels unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Preset {
    /// The student report's transformer: 2×2 patches, dim 128, depth 8, a flatten head.
    Seed,
    /// Convolution stem with residual stages, dim 128, depth 5.
    Compact,
    /// Convolution stem with two residual stages, dim 64, depth 2. Code and blob fit into 256 KiB.
    Micro,
    /// [`Micro`](Self::Micro) for images of 64×64 pixels: the first convolution has stride 2. 64 tokens.
    Micro64,
    /// [`Micro64`](Self::Micro64) for images of 96×96 pixels. 144 tokens.
    Micro96,
    /// Convolution stem with a residual stage, dim 48, depth 2: a blob of at most 96 KiB.
    Nano,
    /// Plain transformer on 4×4 patches, dim 64, depth 4.
    Vit64x4,
    /// Plain transformer on 4×4 patches, dim 128, depth 6.
    Vit128x6,
}

impl Preset {
    /// Every preset, the plain transformers last.
    pub const ALL: [Self; 8] = [
        Self::Seed,
        Self::Compact,
        Self::Micro,
        Self::Micro64,
        Self::Micro96,
        Self::Nano,
        Self::Vit64x4,
        Self::Vit128x6,
    ];

    /// The name used on command lines and in checkpoints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Compact => "compact",
            Self::Micro => "micro",
            Self::Micro64 => "micro-64",
            Self::Micro96 => "micro-96",
            Self::Nano => "nano",
            Self::Vit64x4 => "vit-64x4",
            Self::Vit128x6 => "vit-128x6",
        }
    }

    /// The preset of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// The description of the preset with `classes` classes.
    ///
    /// # Errors
    /// [`ConfigError`] if `classes` is not 2 to [`MAX_CLASSES`](super::MAX_CLASSES).
    pub fn config(self, classes: u16) -> Result<VitConfig, ConfigError> {
        VitConfig::new(self.spec(classes))
    }

    fn spec(self, classes: u16) -> VitSpec {
        let conv = |channels, stride, gelu| StemStage::Conv { channels, stride, gelu };
        let patches = |size| StemSpec::Patches { size, order: PatchOrder::Grid };
        let plain = |dim| MlpSpec { dim, depthwise: false, second_gelu: false };
        let depthwise = |dim| MlpSpec { dim, depthwise: true, second_gelu: false };
        let side = match self {
            Self::Micro64 => 64,
            Self::Micro96 => 96,
            _ => SIDE,
        };
        let (stem, dim, depth, (heads, head_dim), mlp) = match self {
            Self::Seed => {
                (patches(2), 128, 8, (4, 128), MlpSpec { second_gelu: true, ..plain(256) })
            }
            Self::Compact => {
                let stages = [
                    conv(32, 1, true),
                    StemStage::Residual { hidden: 64 },
                    conv(80, 2, true),
                    StemStage::InvertedResidual { hidden: 240 },
                    StemStage::InvertedResidual { hidden: 240 },
                    conv(128, 2, false),
                ];
                (StemSpec::Conv(stages.into_iter().collect()), 128, 5, (4, 32), depthwise(256))
            }
            Self::Micro | Self::Micro64 | Self::Micro96 => {
                // Only strides differ, so that the weights of one fit the others.
                let stages = [
                    conv(24, if side > SIDE { 2 } else { 1 }, true),
                    conv(48, 2, true),
                    StemStage::Residual { hidden: 80 },
                    StemStage::Residual { hidden: 80 },
                    conv(64, 2, false),
                ];
                (StemSpec::Conv(stages.into_iter().collect()), 64, 2, (4, 16), depthwise(128))
            }
            Self::Nano => {
                let stages = [
                    conv(16, 1, true),
                    conv(32, 2, true),
                    StemStage::Residual { hidden: 48 },
                    conv(48, 2, false),
                ];
                (StemSpec::Conv(stages.into_iter().collect()), 48, 2, (3, 16), depthwise(96))
            }
            Self::Vit64x4 => (patches(4), 64, 4, (4, 16), plain(128)),
            Self::Vit128x6 => (patches(4), 128, 6, (4, 32), plain(256)),
        };
        let (pool, hidden) = match self {
            Self::Seed => (Pool::Flatten, [2048, 1024].into_iter().collect()),
            _ => (Pool::Mean, Vec::new()),
        };
        VitSpec {
            image: ImageSpec { height: side, width: side },
            stem,
            dim,
            depth,
            attention: AttentionSpec { heads, head_dim },
            mlp,
            pool,
            hidden,
            classes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(preset: Preset) -> u64 {
        preset.config(10).unwrap().parameters()
    }

    #[test]
    fn parameter_counts_are_the_published_ones() {
        assert_eq!(parameters(Preset::Seed), 71_895_946, "seed, position trained");
        assert_eq!(parameters(Preset::Compact), 905_514, "compact");
        assert_eq!(parameters(Preset::Micro), 190_626, "micro");
    }

    #[test]
    fn larger_images_need_no_more_parameters_than_their_positions() {
        let tokens = |preset: Preset| preset.config(10).unwrap().tokens();
        assert_eq!([Preset::Micro64, Preset::Micro96].map(tokens), [64, 144], "tokens");
        assert_eq!(parameters(Preset::Micro64), parameters(Preset::Micro), "64 pixels");
        let positions = (144 - 64) * 64;
        assert_eq!(parameters(Preset::Micro96), parameters(Preset::Micro) + positions, "96 pixels");
    }

    #[test]
    fn names_round_trip() {
        for preset in Preset::ALL {
            assert_eq!(Preset::by_name(preset.name()), Some(preset), "{}", preset.name());
        }
        assert_eq!(Preset::by_name("huge"), None, "an unknown name");
    }
}
