//! The forward pass: stem or patches → embedding → blocks → last normalisation → head.

mod attention;
mod block;
mod embed;
mod head;
mod mlp;
mod patch;
mod stem;

pub(crate) use head::head;

use crate::arena::Carver;
use crate::arithmetic::Arithmetic;
use crate::model::Model;
use crate::output::Output;
use crate::site::{SiteId, SiteValues};

/// How far a forward pass is: the next stage.
///
/// Stages are the embedding with its stem, attention and MLP of each block, and the head; between
/// them only the residual stream is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step(usize);

impl Step {
    /// The embedding.
    pub(crate) const FIRST: Self = Self(0);

    /// Whether only the head is left.
    pub(crate) fn is_last<A: Arithmetic>(self, model: &Model<'_, A>) -> bool {
        self.0 > 2 * model.blocks.len()
    }
}

/// Runs the whole network on an aligned arena; `None` if the arena is too small, which a caller
/// that checked [`Model::arena_len`] does not see.
pub(crate) fn forward<'m, A: Arithmetic>(
    model: &'m Model<'_, A>,
    image: &[u8],
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Output<'m, A>> {
    let mut step = Step::FIRST;
    while !step.is_last(model) {
        stage(model, image, arena, &mut step, observer)?;
    }
    head(model, arena, observer) //                             [tokens, dim] residual → [classes]
}

/// Runs the stage before the head that is next.
pub(crate) fn stage<A: Arithmetic>(
    model: &Model<'_, A>,
    image: &[u8],
    arena: &mut [u8],
    step: &mut Step,
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<()> {
    match step.0.checked_sub(1) {
        None => embed::embed(model, image, arena, observer)?, // [h, w, 3] u8 → [tokens, dim] residual
        Some(half) => block::half(model, half, arena, observer)?, // [tokens, dim] residual, in place
    }
    step.0 += 1;
    Some(())
}

/// The residual stream, `[tokens, dim]`, at the front of the arena in every stage.
fn residual<'a, A: Arithmetic>(
    model: &Model<'_, A>,
    carver: &mut Carver<'a>,
) -> Option<&'a mut [A::Residual]> {
    carver.front(model.config.tokens() * model.config.dim())
}
