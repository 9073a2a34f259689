//! Checks of sizes and parts of frames.

use super::error::FrameError;
use super::size::{Rectangle, Size};

impl Size {
    /// Whether both sides are `1..=max`.
    pub(super) fn check(self, max: usize) -> Result<(), FrameError> {
        match [self.width, self.height].into_iter().find(|side| !(1..=max).contains(side)) {
            Some(found) => Err(FrameError::Side { found, max }),
            None => Ok(()),
        }
    }

    /// Whether a part has pixels, all of them inside a frame of this size.
    pub(super) fn check_part(self, part: Rectangle) -> Result<(), FrameError> {
        let inside = |start: usize, len: usize, side| {
            len > 0 && start.checked_add(len).is_some_and(|end| end <= side)
        };
        if inside(part.x, part.width, self.width) && inside(part.y, part.height, self.height) {
            Ok(())
        } else {
            Err(FrameError::Rectangle(part))
        }
    }
}
