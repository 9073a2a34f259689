//! The size of an image.

use runtime::config::ImageSpec;

/// Rows and columns of an image of CIFAR-10 and CIFAR-100.
pub(super) const SIDE: usize = 32;
/// The size of an image of CIFAR-10.
pub const SIZE: ImageSpec = ImageSpec { height: SIDE as u16, width: SIDE as u16 };
