//! Limits of a network. Most of them keep an integer of the kernels in its range.

use crate::error::ConfigError;

/// Colour channels of an input image.
pub const IMAGE_CHANNELS: usize = 3;
/// Maximum side of an input image.
pub const MAX_IMAGE_SIDE: usize = 512;
/// Maximum number of tokens: keeps an attention row's sum of exponentials below 2^18 and its accumulator
/// below 2^25.
pub const MAX_TOKENS: usize = 1024;
/// Maximum width of a token, and maximum number of channels of a stem stage: the bound on a row in
/// integer layer normalisation.
pub const MAX_DIM: usize = 1024;
/// Maximum width of a head: keeps a score below 2^21 in magnitude.
pub const MAX_HEAD_DIM: usize = 128;
/// Maximum number of heads.
pub const MAX_HEADS: usize = 16;
/// Maximum width of a hidden layer of an MLP, a stem stage or a head.
pub const MAX_HIDDEN_DIM: usize = 4096;
/// Maximum number of inputs of one linear layer or convolution: `65_535·2^14 + 2^30 < 2^31`.
pub const MAX_K: usize = 65_535;
/// Maximum number of values of a tensor inside a stem: three of them as f32 are below 2^32 bytes.
pub const MAX_STEM_VALUES: usize = 1 << 26;
/// Maximum number of classes.
pub const MAX_CLASSES: usize = 1024;
/// Maximum of `tokens·dim` under a mean pool: `2^15·255·128 + 2^30 < 2^31` bounds a logit.
pub const MAX_POOLED: usize = 1 << 15;
/// Maximum number of blocks, and of stages of a stem.
pub const MAX_DEPTH: usize = 16;
/// Maximum number of hidden layers of a class head.
pub const MAX_HIDDEN: usize = 4;
/// Maximum number of convolutions of one stem stage.
pub const MAX_STAGE_CONVS: usize = 3;

/// Succeeds for a size in its range.
pub(super) fn within(
    what: &'static str,
    found: usize,
    min: usize,
    max: usize,
) -> Result<(), ConfigError> {
    if found < min || found > max {
        return Err(ConfigError::OutOfRange { what, found, min, max });
    }
    Ok(())
}
