//! The ranges of the values in a blob, as `FORMAT.md` lists them.

use super::{HEAD_CLASS, MAX_ATTRIBUTES, MAX_ENTRIES, MAX_HEADS, MAX_PART};
use crate::fixed::{Octaves, Requant};

/// Range of a value.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(super) field: &'static str,
    pub(super) min: i64,
    pub(super) max: i64,
}

impl Limits {
    /// Bias of a layer.
    pub(crate) const BIAS: Self = Self::new("bias", -(1 << 30), 1 << 30);
    /// Normalised multiplier of a rescale.
    pub(crate) const MULT: Self = Self::new("mult", 1 << 30, (1 << 31) - 1);
    /// Shift of a layer's rescale.
    pub(crate) const SHIFT: Self =
        Self::new("shift", Requant::MIN_SHIFT as i64, Requant::MAX_SHIFT as i64);
    /// Epsilon of a layer normalisation.
    pub(crate) const EPS: Self = Self::new("eps", 1, (1 << 31) - 1);
    /// Shift of a block's normalisation.
    pub(crate) const NORM_SHIFT: Self = Self::new("shift", 7, 37);
    /// Octaves of one step of a score.
    pub(crate) const SCORES: Self = Self::new("scores", 1, Octaves::MAX_MULT as i64);
    /// Shift of the weighted values.
    pub(crate) const CONTEXT_SHIFT: Self = Self::new("shift", 25, 55);
    /// Bias of the last normalisation.
    pub(crate) const BETA: Self = Self::new("beta", -(1 << 29), 1 << 29);
    /// Shift of the last normalisation.
    pub(crate) const AFFINE_SHIFT: Self = Self::new("shift", 1, 24);
    /// Shift from distances of logits to octaves.
    pub(crate) const PROBABILITY_SHIFT: Self = Self::new("shift", 10, 62);
    /// Number of heads.
    #[expect(clippy::cast_possible_wrap, reason = "a small constant")]
    pub(super) const HEADS: Self = Self::new("count", 1, MAX_HEADS as i64);
    /// Kind of the first head.
    pub(super) const FIRST_HEAD: Self = Self::new("kind", HEAD_CLASS as i64, HEAD_CLASS as i64);
    /// Kind of any other head. A second class head is refused, because it is not clear which of the two
    /// counts.
    pub(super) const OTHER_HEAD: Self = Self::new("kind", HEAD_CLASS as i64 + 1, u8::MAX as i64);
    /// Number of attributes.
    #[expect(clippy::cast_possible_wrap, reason = "a small constant")]
    pub(crate) const ATTRIBUTES: Self = Self::new("names", 1, MAX_ATTRIBUTES as i64);

    /// Number of entries of an index.
    #[expect(clippy::cast_possible_wrap, reason = "a small constant")]
    pub(crate) const ENTRIES: Self = Self::new("entries", 1, MAX_ENTRIES as i64);
    /// Values of one part of a fingerprint.
    #[expect(clippy::cast_possible_wrap, reason = "a small constant")]
    pub(crate) const PART: Self = Self::new("dim", 1, MAX_PART as i64);

    /// A range of a value that no constant has.
    pub(crate) const fn new(field: &'static str, min: i64, max: i64) -> Self {
        Self { field, min, max }
    }
}
