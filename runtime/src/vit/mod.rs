//! The forward pass: stem or patches → embedding → blocks → last normalisation → head.

mod attention;
mod block;
mod conv;
mod embed;
mod head;
mod mlp;
mod patch;
mod stem;

use crate::arena::Carver;
use crate::arithmetic::Arithmetic;
use crate::model::Model;
use crate::output::Output;
use crate::site::{SiteId, SiteValues};

/// Runs the whole network on an aligned arena; `None` if the arena is too small, which a caller
/// that checked [`Model::arena_len`] does not see.
pub(crate) fn forward<'m, A: Arithmetic>(
    model: &'m Model<'_, A>,
    image: &[u8],
    arena: &'m mut [u8],
    observer: &mut impl FnMut(SiteId, SiteValues<'_>),
) -> Option<Output<'m, A>> {
    embed::embed(model, image, arena, observer)?; //      [h, w, 3] u8 → [tokens, dim] residual
    for index in 0..model.blocks.len() {
        block::block(model, index, arena, observer)?; //  [tokens, dim] residual, in place
    }
    head::head(model, arena, observer) //                 [tokens, dim] residual → [classes]
}

/// The residual stream, `[tokens, dim]`, at the front of the arena in every stage.
fn residual<'a, A: Arithmetic>(
    model: &Model<'_, A>,
    carver: &mut Carver<'a>,
) -> Option<&'a mut [A::Residual]> {
    carver.front(model.config.tokens() * model.config.dim())
}
