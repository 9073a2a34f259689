//! A run in parts, one stage in each call.

use super::{Model, Output};
use crate::arithmetic::Arithmetic;
use crate::error::RunError;
use crate::forward::{self, Plan};
use crate::invariant::present_or;

/// Which stage of a run is next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Step(pub(super) usize);

impl<A: Arithmetic> Model<'_, A> {
    /// [`Self::run`], one stage in each call, for a program that has other work between two stages.
    ///
    /// Call it with the same image and arena until it returns an output. This is the output of
    /// [`Self::run`], bit for bit. `step` begins as [`Step::default`] and is that again at the end. The
    /// stages are the stem for one row of the image or of patches, the attention of a block, the MLP of a
    /// block, and the head. Do not change the arena between two calls.
    ///
    /// # Errors
    /// As [`Self::run`]; `step` is unchanged.
    pub fn run_step<'m>(
        &'m self,
        image: &[u8],
        arena: &'m mut [u8],
        step: &mut Step,
    ) -> Result<Option<Output<'m, A>>, RunError> {
        self.check(image, arena)?;
        let too_short = RunError::Arena { found: arena.len(), expected: self.arena_len() };
        let arena = forward::align(arena);
        let plan = Plan::new(&self.network, arena.len());
        if step.0 < plan.stages(&self.network) {
            let rows = plan.rows(&self.network, step.0, image);
            let done =
                forward::stage(&self.network, plan, step.0, rows, arena, &mut forward::unobserved);
            present_or(done.map(Ok), Err(too_short))?;
            step.0 += 1;
            return Ok(None);
        }
        *step = Step::default();
        let answer = forward::head(&self.network, arena, &mut forward::unobserved);
        present_or(answer.map(|answer| Ok(Some(Output::new(answer)))), Err(too_short))
    }
}
