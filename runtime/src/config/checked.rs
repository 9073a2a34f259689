//! A checked description, and everything that follows from it.

use super::grid::Grid;
use super::limits::{
    IMAGE_CHANNELS, MAX_CLASSES, MAX_DEPTH, MAX_DIM, MAX_HEAD_DIM, MAX_HEADS, MAX_HIDDEN_DIM,
    MAX_IMAGE_SIDE, MAX_K, MAX_POOLED, MAX_STEM_VALUES, MAX_TOKENS, within,
};
use super::spec::{ImageSpec, PatchOrder, Pool, StemSpec, VitSpec};
use super::stem::{StemConv, StemConvs, StemGeometry, StemStage};
use crate::error::ConfigError;

/// A checked description: every product of its fields fits the integer ranges that
/// the kernels rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct VitConfig {
    spec: VitSpec,
    tokens: usize,
}

impl VitConfig {
    /// Checks a description.
    ///
    /// # Errors
    /// One [`ConfigError`] variant for each cause, with what was found and what is allowed.
    pub fn new(spec: VitSpec) -> Result<Self, ConfigError> {
        within("image height", spec.image.height.into(), 1, MAX_IMAGE_SIDE)?;
        within("image width", spec.image.width.into(), 1, MAX_IMAGE_SIDE)?;
        within("dim", spec.dim.into(), 1, MAX_DIM)?;
        within("depth", spec.depth.into(), 1, MAX_DEPTH)?;
        within("heads", spec.attention.heads.into(), 1, MAX_HEADS)?;
        within("head_dim", spec.attention.head_dim.into(), 1, MAX_HEAD_DIM)?;
        within("mlp dim", spec.mlp.dim.into(), 1, MAX_HIDDEN_DIM)?;
        within("classes", spec.classes.into(), 2, MAX_CLASSES)?;
        for &width in &spec.hidden {
            within("hidden width of the head", width.into(), 1, MAX_HIDDEN_DIM)?;
        }
        let tokens = match &spec.stem {
            StemSpec::Patches { size, order } => {
                let tokens = check_patches(spec.image, usize::from(*size))?;
                if *order == PatchOrder::Row && spec.mlp.depthwise {
                    return Err(ConfigError::DepthwiseNeedsGrid);
                }
                tokens
            }
            StemSpec::Conv(stages) => check_stages(&spec, stages)?,
        };
        within("tokens", tokens, 1, MAX_TOKENS)?;
        let pooled = tokens * usize::from(spec.dim);
        match spec.pool {
            Pool::Mean => within("tokens x dim under a mean pool", pooled, 1, MAX_POOLED)?,
            Pool::Flatten => within("inputs of the flatten head", pooled, 1, MAX_K)?,
        }
        Ok(Self { spec, tokens })
    }

    /// The description, as a blob stores it.
    pub const fn spec(&self) -> &VitSpec {
        &self.spec
    }

    /// The input image as `[height, width, 3]`.
    pub fn image(&self) -> Grid {
        Grid {
            height: self.spec.image.height.into(),
            width: self.spec.image.width.into(),
            channels: IMAGE_CHANNELS,
        }
    }

    /// Number of tokens.
    pub const fn tokens(&self) -> usize {
        self.tokens
    }

    /// Width of a token.
    pub fn dim(&self) -> usize {
        self.spec.dim.into()
    }

    /// Number of blocks.
    pub fn depth(&self) -> usize {
        self.spec.depth.into()
    }

    /// Number of attention heads.
    pub fn heads(&self) -> usize {
        self.spec.attention.heads.into()
    }

    /// Width of one head.
    pub fn head_dim(&self) -> usize {
        self.spec.attention.head_dim.into()
    }

    /// Width of all heads side by side, `heads · head_dim`.
    pub fn attention_dim(&self) -> usize {
        self.heads() * self.head_dim()
    }

    /// Hidden width of a block's MLP.
    pub fn mlp_dim(&self) -> usize {
        self.spec.mlp.dim.into()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.spec.classes.into()
    }

    /// Values of one patch; `None` for a convolution stem.
    pub fn patch_len(&self) -> Option<usize> {
        match self.spec.stem {
            StemSpec::Patches { size, .. } => {
                Some(usize::from(size) * usize::from(size) * IMAGE_CHANNELS)
            }
            StemSpec::Conv(_) => None,
        }
    }

    /// Stages of a convolution stem with their shapes, in order; none for patches.
    pub fn stem_stages(&self) -> impl Iterator<Item = StemGeometry> + '_ {
        let mut input = self.image();
        self.stages().iter().map(move |&stage| {
            let geometry = StemGeometry::new(stage, input);
            input = geometry.output;
            geometry
        })
    }

    /// The stages of a convolution stem; none for patches.
    fn stages(&self) -> &[StemStage] {
        match &self.spec.stem {
            StemSpec::Patches { .. } => &[],
            StemSpec::Conv(stages) => stages,
        }
    }

    /// Convolutions of all stages of [`Self::stem_stages`], in order. The last one makes tokens.
    pub fn stem_convs(&self) -> impl Iterator<Item = StemConv> + '_ {
        self.convs()
    }

    /// [`Self::stem_convs`], with a type that a struct can hold.
    pub(super) fn convs(&self) -> StemConvs<'_> {
        StemConvs::new(self.stages(), self.image())
    }

    /// The convolution that makes tokens: the last one of the stem; `None` for patches.
    ///
    /// Not inlined, because parsing and every run need it.
    #[inline(never)]
    pub(crate) fn last_conv(&self) -> Option<StemConv> {
        self.convs().last()
    }

    /// The token grid `[height, width, dim]`; `None` where patches in row order form no grid.
    pub fn token_grid(&self) -> Option<Grid> {
        let channels = self.dim();
        match self.spec.stem {
            StemSpec::Patches { order: PatchOrder::Row, .. } => None,
            StemSpec::Patches { size, .. } => {
                let image = self.image();
                let size = usize::from(size).max(1);
                Some(Grid { height: image.height / size, width: image.width / size, channels })
            }
            StemSpec::Conv(_) => self.last_conv().map(|last| last.output),
        }
    }

    /// Length of the vector that the class head reads.
    pub fn pooled_len(&self) -> usize {
        match self.spec.pool {
            Pool::Mean => self.dim(),
            Pool::Flatten => self.tokens * self.dim(),
        }
    }

    /// Trained parameters: a batch normalisation counts its gain and bias, not its statistics.
    pub fn parameters(&self) -> u64 {
        let mut total = 0;
        self.for_each_layer(|layer| total += layer.parameters);
        total
    }

    /// Multiply-accumulates for one image, in linear layers, convolutions and attention.
    pub fn macs(&self) -> u64 {
        let mut total = 0;
        self.for_each_layer(|layer| total += layer.macs);
        total
    }
}

/// Checks patches of side `size` and returns the number of tokens.
fn check_patches(image: ImageSpec, size: usize) -> Result<usize, ConfigError> {
    within("patch size", size, 1, MAX_IMAGE_SIDE)?;
    let mut tokens = 1;
    for side in [image.height, image.width].map(usize::from) {
        // Not the operators `%` and `/`: where the compiler does not inline `within`, it does not know that
        // `size` is above zero, and keeps a panic.
        match (side.checked_rem(size), side.checked_div(size)) {
            (Some(0), Some(patches)) => tokens *= patches,
            _ => return Err(ConfigError::PatchSize { size, side }),
        }
    }
    within("values of a patch", size * size * IMAGE_CHANNELS, 1, MAX_K)?;
    Ok(tokens)
}

/// Checks the stages of a convolution stem and returns the number of tokens.
fn check_stages(spec: &VitSpec, stages: &[StemStage]) -> Result<usize, ConfigError> {
    let mut grid = Grid {
        height: spec.image.height.into(),
        width: spec.image.width.into(),
        channels: IMAGE_CHANNELS,
    };
    if stages.first().is_some_and(|first| !first.may_begin(grid)) {
        return Err(ConfigError::StemStart);
    }
    for &stage in stages {
        stage.check()?;
        for conv in stage.convs(grid) {
            within("values of a stem stage", conv.output.len(), 1, MAX_STEM_VALUES)?;
            grid = conv.output;
        }
    }
    match stages.last() {
        Some(StemStage::Conv { channels, gelu: false, .. }) if *channels == spec.dim => {
            Ok(grid.positions())
        }
        _ => Err(ConfigError::StemEnd { dim: spec.dim.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset::Preset;
    use super::*;

    fn micro() -> VitSpec {
        Preset::Micro.config(10).unwrap().spec().clone()
    }

    #[test]
    fn micro_has_the_shapes_of_its_table() {
        let config = VitConfig::new(micro()).unwrap();
        assert_eq!(config.tokens(), 64, "tokens");
        assert_eq!(config.token_grid(), Some(Grid { height: 8, width: 8, channels: 64 }), "grid");
        assert_eq!(config.attention_dim(), 64, "attention width");
        assert_eq!(config.stem_stages().count(), 5, "stem stages");
    }

    #[test]
    fn each_broken_rule_has_its_own_error() {
        let broken = |change: fn(&mut VitSpec)| {
            let mut spec = micro();
            change(&mut spec);
            VitConfig::new(spec).unwrap_err()
        };
        assert!(
            matches!(
                broken(|spec| spec.dim = 0),
                ConfigError::OutOfRange { what: "dim", found: 0, .. }
            ),
            "a width of zero"
        );
        assert_eq!(broken(|spec| spec.dim = 32), ConfigError::StemEnd { dim: 32 }, "stem width");
        for first in [StemStage::Residual { hidden: 8 }, StemStage::InvertedResidual { hidden: 8 }]
        {
            let mut spec = micro();
            if let StemSpec::Conv(stages) = &mut spec.stem {
                stages.insert(0, first).unwrap();
            }
            assert_eq!(
                VitConfig::new(spec).unwrap_err(),
                ConfigError::StemStart,
                "{first:?} first"
            );
        }
        assert_eq!(
            broken(|spec| spec.stem = StemSpec::Patches { size: 5, order: PatchOrder::Grid }),
            ConfigError::PatchSize { size: 5, side: 32 },
            "a patch that does not divide the image"
        );
        assert_eq!(
            broken(|spec| spec.stem = StemSpec::Patches { size: 4, order: PatchOrder::Row }),
            ConfigError::DepthwiseNeedsGrid,
            "depthwise without a grid"
        );
        assert!(
            matches!(
                broken(|spec| spec.stem = StemSpec::Patches { size: 1, order: PatchOrder::Grid }),
                ConfigError::OutOfRange { what: "tokens x dim under a mean pool", .. }
            ),
            "too many pooled values"
        );
    }
}
