//! The size of an image.

/// Rows and columns of every image.
pub(super) const SIDE: usize = 32;
