//! A run whose image comes row by row.

use super::{Model, Output};
use crate::arithmetic::{Arithmetic, Int8};
use crate::error::RunError;
use crate::forward::{self, Plan};
use crate::invariant::present_or;
use crate::network::Network;

/// An image that comes row by row, so that it is never in memory as a whole. Made by [`Model::stream`].
#[derive(Debug)]
pub struct Stream<'m, 'a, A: Arithmetic = Int8> {
    network: &'m Network<'a, A>,
    /// Aligned.
    arena: &'m mut [u8],
    plan: Plan,
    /// Rows of the image that were given.
    rows: usize,
}

impl<'a, A: Arithmetic> Model<'a, A> {
    /// Begins an image whose rows come one by one.
    ///
    /// Each row is computed as far as the stem allows before the next one is needed. The output is that of
    /// [`Self::run`], bit for bit. The arena is as long as for [`Self::run`]; its contents do not matter.
    ///
    /// # Errors
    /// [`RunError::Arena`] if the arena is too small.
    ///
    /// # Example
    /// ```no_run
    /// # fn classify(model: &runtime::Model<'_>, arena: &mut [u8]) -> Result<usize, runtime::RunError> {
    /// let mut stream = model.stream(arena)?;
    /// for y in 0..model.config().image().height {
    ///     // From a camera: red, green and blue of each pixel.
    ///     let row = [y as u8; 3 * 32];
    ///     stream.row(&row)?;
    /// }
    /// Ok(stream.finish()?.class())
    /// # }
    /// ```
    pub fn stream<'m>(&'m self, arena: &'m mut [u8]) -> Result<Stream<'m, 'a, A>, RunError> {
        self.check_arena(arena)?;
        Ok(Stream::new(&self.network, forward::align(arena)))
    }
}

impl<'m, 'a, A: Arithmetic> Stream<'m, 'a, A> {
    /// Begins an image in an aligned arena.
    pub(super) fn new(network: &'m Network<'a, A>, arena: &'m mut [u8]) -> Self {
        Self { network, arena, plan: Plan::by_rows(network), rows: 0 }
    }
}

impl<'m, A: Arithmetic> Stream<'m, '_, A> {
    /// Number of rows that were given so far.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The next row of the image, from top to bottom: red, green and blue of each pixel.
    ///
    /// # Errors
    /// [`RunError::Row`] if the row has another length, [`RunError::Rows`] if the image is complete. The
    /// stream continues as if the row had not been given.
    pub fn row(&mut self, row: &[u8]) -> Result<(), RunError> {
        let image = self.network.config.image();
        let (found, expected) = (row.len(), image.width * image.channels);
        if found != expected {
            return Err(RunError::Row { found, expected });
        }
        if self.rows == image.height {
            return Err(RunError::Rows { found: self.rows + 1, expected: image.height });
        }
        present_or(self.take(row).map(Ok), Err(self.too_short()))?;
        self.rows += 1;
        Ok(())
    }

    /// The result, after the last row.
    ///
    /// # Errors
    /// [`RunError::Rows`] if rows are missing. Model and arena can be used for the next image.
    pub fn finish(self) -> Result<Output<'m, A>, RunError> {
        self.check_complete()?;
        let too_short = self.too_short();
        present_or(self.rest().map(|answer| Ok(Output::new(answer))), Err(too_short))
    }

    /// Whether all rows were given.
    pub(super) fn check_complete(&self) -> Result<(), RunError> {
        let (found, expected) = (self.rows, self.network.config.image().height);
        if found != expected {
            return Err(RunError::Rows { found, expected });
        }
        Ok(())
    }

    /// The arena, and the plan with the first stage that is left to run after the last row.
    pub(super) fn into_parts(self) -> Option<(&'m mut [u8], (Plan, usize))> {
        let first = self.rows.checked_div(self.network.config.rows_together())?;
        Some((self.arena, (self.plan, first)))
    }

    /// Runs the stages that a row makes ready. Rows of a patch wait at the back of the arena.
    fn take(&mut self, row: &[u8]) -> Option<()> {
        let config = &self.network.config;
        let together = config.rows_together();
        let (number, index) = (self.rows.checked_div(together)?, self.rows.checked_rem(together)?);
        if together == 1 {
            return forward::stage(
                self.network,
                self.plan,
                number,
                row,
                self.arena,
                &mut forward::unobserved,
            );
        }
        let start = self.arena.len().checked_sub(config.tick_bytes())?;
        let (arena, waiting) = self.arena.split_at_mut_checked(start)?;
        let place = waiting.get_mut(index * row.len()..)?.get_mut(..row.len())?;
        place.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
        if index + 1 < together {
            return Some(());
        }
        forward::stage(self.network, self.plan, number, waiting, arena, &mut forward::unobserved)
    }

    /// Runs all stages that need no row, and the head.
    fn rest(self) -> Option<forward::Answer<'m, A>> {
        let network = self.network;
        let (arena, (plan, first)) = self.into_parts()?;
        for number in first..plan.stages(network) {
            forward::stage(network, plan, number, &[], arena, &mut forward::unobserved)?;
        }
        forward::head(network, arena, &mut forward::unobserved)
    }

    fn too_short(&self) -> RunError {
        RunError::Arena { found: self.arena.len(), expected: self.network.arena_len() }
    }
}
