//! Many images on all cores.

use super::{Described, Descriptor, Model, Output};
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
        in_parallel(images, self.config().image().len(), self.arena_len_fast(), |image, arena| {
            self.run(image, arena).map(&each)
        })
    }
}

impl Descriptor<'_, '_> {
    /// [`Model::run_batch`] with fingerprints: `each` gets what [`Self::run`] gives for every image.
    ///
    /// # Errors
    /// As [`Model::run_batch`].
    pub fn run_batch<T: Send>(
        &self,
        images: &[u8],
        each: impl Fn(Described<'_>) -> T + Sync,
    ) -> Result<Vec<T>, RunError> {
        in_parallel(images, self.image_len(), self.arena_len_fast(), |image, arena| {
            self.run(image, arena).map(&each)
        })
    }
}

/// Runs each image of `len` bytes in one of the arenas of `arena_len` bytes.
fn in_parallel<T: Send>(
    images: &[u8],
    len: usize,
    arena_len: usize,
    run: impl Fn(&[u8], &mut [u8]) -> Result<T, RunError> + Sync,
) -> Result<Vec<T>, RunError> {
    let arena = || std::vec![0; arena_len];
    let images = images.par_chunks(len.max(1));
    images.map_init(arena, |arena, image| run(image, arena)).collect()
}
