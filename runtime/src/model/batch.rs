//! Many images on all cores.

use super::{Model, Output};
use crate::arithmetic::Arithmetic;
use crate::error::RunError;
use rayon::prelude::*;
use std::vec::Vec;

impl<A: Arithmetic> Model<'_, A>
where
    Self: Sync,
{
    /// Classifies images on the threads of the current rayon pool.
    ///
    /// `images` are one after another in memory. `each` gets the output of every image, which is that of
    /// [`Self::run`]. What `each` returns comes back in the order of the images. Each thread has an arena of
    /// its own.
    ///
    /// # Errors
    /// [`RunError::Image`] if the last image is incomplete.
    ///
    /// # Example
    /// ```no_run
    /// # fn classes(model: &runtime::Model<'_>, images: &[u8]) -> Result<Vec<usize>, runtime::RunError> {
    /// model.run_batch(images, |output| output.class())
    /// # }
    /// ```
    pub fn run_batch<T: Send>(
        &self,
        images: &[u8],
        each: impl Fn(Output<'_, A>) -> T + Sync,
    ) -> Result<Vec<T>, RunError> {
        let len = self.config().image().len().max(1);
        let arena = || std::vec![0; self.arena_len_fast()];
        images
            .par_chunks(len)
            .map_init(arena, |arena, image| self.run(image, arena).map(&each))
            .collect()
    }
}
